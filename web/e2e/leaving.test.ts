/** What a browser does that loses its network, or is closed before all is safe. */

import type { Page } from 'playwright-core'
import { allowProblems } from './harness/browser'
import { node, rename, storedLabel, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import { NETWORK, type Wire } from './harness/wire'

const NOTICED_WITHIN_MS = 2_000

let count = 0

async function arrive(page: Page, server: Server, wire?: Wire): Promise<string> {
  const workflow = `leaving-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  allowProblems(page, NETWORK)
  await openEditor(page, { server, user: 'bob', workflow, ...(wire !== undefined && { wire }) })
  await untilSaved(page)
  return workflow
}

/** Close it as a hand does; resolves with what it asks then, or null if it is closed. */
async function close(page: Page): Promise<string | null> {
  const asked = page.waitForEvent('dialog').then(async (dialog) => {
    const type = dialog.type()
    await dialog.dismiss()
    return type
  })
  const closed = page.waitForEvent('close').then(() => null)
  const first = Promise.race([asked, closed])
  await page.close({ runBeforeUnload: true })
  const outcome = await first
  for (const other of [asked, closed]) other.catch(() => undefined)
  return outcome
}

test('closing a tab whose changes are nowhere else asks first', async ({
  server,
  openPage,
  openWire
}) => {
  const [page, wire] = [await openPage(), await openWire(server)]
  // As in a window whose storage is switched off.
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('The storage is switched off.', 'SecurityError')
    }
  })
  const workflow = await arrive(page, server, wire)
  wire.cut()
  await page.getByText('Offline', { exact: true }).waitFor()
  await rename(page, 'ask', 'Nowhere else')
  await page.getByText('Offline – 1 change not saved yet').waitFor()
  expect(await close(page)).toBe('beforeunload')

  // It stays, and nothing is lost.
  wire.mend()
  await untilSaved(page)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Nowhere else')
  expect(await close(page)).toBe(null)
})

test('closing a tab whose changes are kept on the device asks nothing', async ({
  server,
  openPage,
  openWire
}) => {
  const [page, wire] = [await openPage(), await openWire(server)]
  await arrive(page, server, wire)
  wire.cut()
  await page.getByText('Offline', { exact: true }).waitFor()
  await rename(page, 'ask', 'Kept')
  await page.getByText('Offline – 1 change kept on this device').waitFor()
  expect(await close(page)).toBe(null)
})

test('a browser that goes offline says so at once, and saves all when it is back', async ({
  server,
  openPage
}) => {
  const page = await openPage()
  const workflow = await arrive(page, server)
  const soon = { timeout: NOTICED_WITHIN_MS }
  await page.context().setOffline(true)
  await page.getByText('Offline', { exact: true }).waitFor(soon)
  await rename(page, 'ask', 'On the train')
  await page.getByText('Offline – 1 change kept on this device').waitFor(soon)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Ask')

  await page.context().setOffline(false)
  await untilSaved(page)
  expect(await storedLabel(server, workflow, 'ask')).toBe('On the train')
})

test('an edit that was on its way when the network went is kept, and lands later', async ({
  server,
  openPage
}) => {
  const page = await openPage()
  const workflow = await arrive(page, server)
  await node(page, 'ask').click()
  const name = page.getByRole('textbox', { name: 'Name', exact: true })
  await Promise.all([name.fill('Just in time'), page.context().setOffline(true)])
  await page.getByText(/^Offline/).waitFor({ timeout: NOTICED_WITHIN_MS })
  await node(page, 'ask').getByText('Just in time').waitFor()

  await page.context().setOffline(false)
  await untilSaved(page)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Just in time')
})

test('a network that swallows everything keeps nobody from the copy on the device', async ({
  server,
  openPage,
  openWire
}) => {
  const [page, wire] = [await openPage(), await openWire(server)]
  const workflow = await arrive(page, server, wire)
  wire.freeze({ pages: true })
  await page.reload()
  await rename(page, 'ask', 'In the tunnel')
  await page.getByText('Connecting…').waitFor()

  // Now the browser finds out as well.
  await page.context().setOffline(true)
  await page.getByText('Offline – 1 change kept on this device').waitFor({
    timeout: NOTICED_WITHIN_MS
  })
  wire.mend()
  await page.context().setOffline(false)
  await untilSaved(page)
  expect(await storedLabel(server, workflow, 'ask')).toBe('In the tunnel')
})
