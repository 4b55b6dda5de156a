/** What this device keeps of a workflow: as much as fits, told truthfully, apart for each tab and user. */

import type { Page } from 'playwright-core'
import { allowProblems, withoutStorage } from './harness/browser'
import { drag, drop, node, storedPosition, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow } from './harness/editor'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import type { Wire } from './harness/wire'

const NO_SERVER = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|WebSocket connection to|ERR_SOCKET/

/** Ann's workflow, and the wire to it that her tabs share. */
async function wireTo(
  server: Server,
  openWire: (server: Server) => Promise<Wire>,
  workflow: string
): Promise<Wire> {
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  return openWire(server)
}

async function openAt(wire: Wire, page: Page, workflow: string): Promise<void> {
  allowProblems(page, NO_SERVER)
  await page.goto(`${wire.origin}/w/${workflow}?user_id=ann`)
  await untilSaved(page)
}

async function move(page: Page, id: string): Promise<void> {
  await drag(page, id, { x: 0, y: 80 })
  await drop(page)
}

async function untilShown(page: Page, words: string): Promise<void> {
  await page.locator('.coflow-save').getByText(words).waitFor()
}

test('a device that is full is no place to keep changes, and is tried again', async ({
  server,
  openPage,
  openWire
}) => {
  const wire = await wireTo(server, openWire, 'full')
  const page = await openPage()
  const devtools = await page.context().newCDPSession(page)
  const limit = (quota: { quotaSize?: number }) =>
    devtools.send('Storage.overrideQuotaForOrigin', { origin: wire.origin, ...quota })
  await limit({ quotaSize: 1 })
  await openAt(wire, page, 'full')
  wire.cut({ pages: true })
  await move(page, 'mail')
  await untilShown(page, 'Offline – 1 change not saved yet')
  await page.getByRole('link', { name: 'All workflows' }).click()
  const dialog = page.getByRole('alertdialog', { name: 'Leave without saving?' })
  await dialog.getByText('1 change is not saved yet').waitFor()
  await dialog.getByRole('button', { name: 'Stay' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(new URL(page.url()).pathname).toBe('/w/full')

  await limit({})
  await untilShown(page, 'Offline – 1 change kept on this device')
  await page.reload()
  await untilShown(page, 'Offline – 1 change kept on this device')
  wire.mend()
  await untilSaved(page)
  expect((await storedPosition(server, 'full', 'mail'))?.y).toBeGreaterThan(120)
})

test('leaving goes on as soon as the server has what was at risk', async ({
  server,
  openPage,
  openWire
}) => {
  const wire = await wireTo(server, openWire, 'left')
  const page = await openPage()
  await withoutStorage(page)
  await openAt(wire, page, 'left')
  wire.cut()
  await move(page, 'mail')
  await untilShown(page, 'Offline – 1 change not saved yet')
  await page.getByRole('link', { name: 'All workflows' }).click()
  await page.getByRole('alertdialog', { name: 'Leave without saving?' }).waitFor()
  wire.mend()
  await page.waitForURL(`${wire.origin}/`)
  expect((await storedPosition(server, 'left', 'mail'))?.y).toBeGreaterThan(120)
})

test('two tabs keep what each has changed in one copy, and count all of it', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const wire = await wireTo(server, openWire, 'tabs')
  const first = await openPage()
  const second = await openTab(first)
  await openAt(wire, first, 'tabs')
  await openAt(wire, second, 'tabs')
  wire.cut({ pages: true })
  await move(first, 'mail')
  await untilShown(first, 'Offline – 1 change kept on this device')
  await move(second, 'ask')
  await move(second, 'ask')
  await untilShown(second, 'Offline – 2 changes kept on this device')
  await first.close()
  await second.reload()
  await untilShown(second, 'Offline – 3 changes kept on this device')
  wire.mend()
  await untilSaved(second)
  expect((await storedPosition(server, 'tabs', 'ask'))?.y).toBeGreaterThan(80)
  expect((await storedPosition(server, 'tabs', 'mail'))?.y).toBeGreaterThan(120)
  wire.cut({ pages: true })
  await second.reload()
  await untilShown(second, 'Offline')
})

test('a copy that one tab has thrown away is whole again with the next change in another', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const wire = await wireTo(server, openWire, 'emptied')
  const first = await openPage()
  const second = await openTab(first)
  await openAt(wire, first, 'emptied')
  await openAt(wire, second, 'emptied')
  wire.cut({ pages: true })
  await untilShown(first, 'Offline')
  await node(first, 'mail').click()
  await first.keyboard.press('Delete')
  await server.request('POST', '/api/collaboration/locks/acquire', {
    user: 'bob',
    body: { workflow_id: 'emptied', resource_type: 'node', resource_id: 'mail' }
  })
  wire.mend()
  await first.getByText('Your copy had to be loaded anew').waitFor()
  await untilSaved(second)
  await first.close()
  await move(second, 'ask')
  await untilSaved(second)
  wire.cut({ pages: true })
  await second.reload()
  await untilShown(second, 'Offline')
  await node(second, 'mail').waitFor()
  await node(second, 'ask').waitFor()
})
