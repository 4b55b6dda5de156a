/** How many changes this device keeps, and for how long: through leaving, reloading, other tabs, and a slow or odd storage. */

import type { Page } from 'playwright-core'
import { allowProblems } from './harness/browser'
import { node, rename, stored, storedLabel, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor, openList } from './harness/editor'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import { NETWORK, type Wire } from './harness/wire'

let count = 0

async function createPlan(server: Server): Promise<string> {
  const workflow = `kept-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  return workflow
}

async function arrive(
  page: Page,
  { server, wire, workflow }: { server: Server; wire: Wire; workflow: string }
): Promise<void> {
  allowProblems(page, NETWORK)
  await openEditor(page, { server, wire, user: 'bob', workflow })
  await node(page, 'mail').waitFor()
}

async function untilShown(page: Page, words: string): Promise<void> {
  await page.locator('.coflow-save').getByText(words, { exact: true }).waitFor()
}

function kept(changes: number): string {
  return `Offline – ${changes} ${changes === 1 ? 'change' : 'changes'} kept on this device`
}

/** From now on who reads or writes Bob's copy waits, until `release`. */
async function hold(page: Page, workflow: string, store: 'updates' | 'custom'): Promise<void> {
  await page.evaluate(
    async ([end, name]) => {
      const all = await indexedDB.databases()
      const found = all.find((each) => each.name?.endsWith(end))?.name ?? ''
      const db = await new Promise<IDBDatabase>((resolve) => {
        const asked = indexedDB.open(found)
        asked.onsuccess = () => resolve(asked.result)
      })
      let isHeld = true
      const turn = db.transaction(name, 'readwrite')
      const goOn = () => {
        if (isHeld) turn.objectStore(name).count().onsuccess = goOn
      }
      goOn()
      const release = async () => {
        isHeld = false
        // After those that have waited.
        const last = db.transaction(name, 'readwrite')
        await new Promise((resolve) => (last.oncomplete = resolve))
        db.close()
      }
      Object.assign(window, { release })
    },
    [`:bob:${workflow}`, store] as const
  )
}

async function release(page: Page): Promise<void> {
  await page.evaluate(() => (window as unknown as { release: () => Promise<void> }).release())
}

test('leaving a workflow loses nothing that the disk was too slow for', async ({
  server,
  openPage,
  openWire
}) => {
  const [page, wire, workflow] = [
    await openPage(),
    await openWire(server),
    await createPlan(server)
  ]
  await arrive(page, { server, wire, workflow })
  await untilSaved(page)
  wire.cut({ pages: true })
  await untilShown(page, 'Offline')
  await hold(page, workflow, 'updates')
  await rename(page, 'ask', 'Being written')
  await rename(page, 'mail', 'Waiting')
  await untilShown(page, 'Offline – keeping 2 changes on this device…')
  await page.getByRole('link', { name: 'All workflows' }).click()
  await node(page, 'mail').waitFor({ state: 'detached' })
  await release(page)

  await arrive(page, { server, wire, workflow })
  await node(page, 'ask').getByText('Being written').waitFor()
  await node(page, 'mail').getByText('Waiting').waitFor()
  await untilShown(page, kept(2))
  wire.mend()
  await untilSaved(page)
  expect(await storedLabel(server, workflow, 'mail')).toBe('Waiting')
})

test('reloading without a network changes nothing in the number of changes', async ({
  server,
  openPage,
  openWire
}) => {
  const [page, wire, workflow] = [
    await openPage(),
    await openWire(server),
    await createPlan(server)
  ]
  await arrive(page, { server, wire, workflow })
  await untilSaved(page)
  wire.cut({ pages: true })
  await untilShown(page, 'Offline')
  await rename(page, 'ask', 'One')
  await rename(page, 'mail', 'Two')
  await untilShown(page, kept(2))
  for (let reloads = 0; reloads < 3; reloads += 1) {
    await page.reload()
    await node(page, 'ask').getByText('One').waitFor()
    await untilShown(page, kept(2))
  }
  await rename(page, 'ask', 'Three')
  await untilShown(page, kept(3))
  await page.reload()
  await untilShown(page, kept(3))

  wire.mend()
  await untilSaved(page)
  wire.cut({ pages: true })
  await page.reload()
  await untilShown(page, 'Offline')
})

test('a tab that takes over what another still adds to counts nothing twice', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const [one, wire, workflow] = [await openPage(), await openWire(server), await createPlan(server)]
  await arrive(one, { server, wire, workflow })
  await untilSaved(one)
  wire.cut({ pages: true })
  await untilShown(one, 'Offline')
  await rename(one, 'ask', 'First')
  await untilShown(one, kept(1))
  const other = await openTab(one)
  await arrive(other, { server, wire, workflow })
  await untilShown(other, kept(1))
  await rename(other, 'mail', 'Second')
  await untilShown(other, kept(2))
  await rename(one, 'ask', 'Third')
  await untilShown(one, kept(2))
  await one.close()
  await other.reload()
  await untilShown(other, kept(3))

  wire.mend()
  await untilSaved(other)
  expect((await stored(server, workflow)).nodes).toMatchObject([
    { data: { label: 'Third' } },
    { data: { label: 'Second' } }
  ])
  wire.cut({ pages: true })
  await other.reload()
  await untilShown(other, 'Offline')
})

test('what one tab deleted offline is not taken for saved by another that is online', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const [one, wire, workflow] = [await openPage(), await openWire(server), await createPlan(server)]
  const other = await openTab(one)
  for (const tab of [one, other]) {
    await arrive(tab, { server, wire, workflow })
    await untilSaved(tab)
  }
  const devtools = await one.context().newCDPSession(one)
  await devtools.send('Network.emulateNetworkConditions', {
    offline: true,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1
  })
  await untilShown(one, 'Offline')
  await node(one, 'mail').click()
  await one.keyboard.press('Delete')
  await node(one, 'mail').waitFor({ state: 'detached' })
  await untilShown(one, kept(1))
  await rename(other, 'ask', 'Online')
  await untilSaved(other)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Online')
  await one.close()

  wire.cut({ pages: true })
  await untilShown(other, 'Offline')
  await other.reload()
  await untilShown(other, kept(1))
  wire.mend()
  await untilSaved(other)
  expect((await stored(server, workflow)).nodes).toMatchObject([{ id: 'ask' }])
})

test('a device that answers too late is not said to keep anything', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const [page, wire, workflow] = [
    await openPage(),
    await openWire(server),
    await createPlan(server)
  ]
  await arrive(page, { server, wire, workflow })
  await untilSaved(page)
  const holder = await openTab(page)
  allowProblems(holder, NETWORK)
  await openList(holder, { server, wire, user: 'bob' })
  await hold(holder, workflow, 'custom')
  await page.reload()
  await untilSaved(page)
  wire.cut({ pages: true })
  await untilShown(page, 'Offline')
  await rename(page, 'ask', 'Not kept')
  await untilShown(page, 'Offline – 1 change not saved yet')
  await release(holder)
  await rename(page, 'mail', 'Nor this')
  await untilShown(page, 'Offline – 2 changes not saved yet')
  wire.mend()
  await untilSaved(page)
})

/** The copies on Bob's device, also where the page is kept from listing them. */
async function copies(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { listAll } = window as unknown as { listAll?: () => Promise<unknown[]> }
    return (await (listAll?.() ?? indexedDB.databases())).length
  })
}

test.for(['with', 'without'] as const)(
  'who has lost access and gets it back is kept a copy again, in a browser %s a list of databases',
  async (how, { startServer, openPage, openWire }) => {
    const server = await startServer({ auth: 'jwt' })
    const [owner, token, workflow] = [await server.token('ann'), await server.token('bob'), 'back']
    await createWorkflow(server, { user: 'ann', token: owner, id: workflow, ...TWO_STEPS })
    const member = `/api/workflows/${workflow}/members/bob`
    const admit = { token: owner, body: { role: 'editor' } }
    await server.request('PUT', member, admit)
    const [page, wire] = [await openPage(), await openWire(server)]
    if (how === 'without') {
      await page.addInitScript(() => {
        Object.assign(window, { listAll: indexedDB.databases.bind(indexedDB) })
        Reflect.deleteProperty(IDBFactory.prototype, 'databases')
      })
    }
    allowProblems(page, NETWORK)
    allowProblems(page, /status of 403/)
    await openEditor(page, { server, wire, user: 'bob', workflow, token })
    await untilSaved(page)
    expect(await copies(page)).toBe(1)
    await server.request('DELETE', member, { token: owner })
    await page.getByRole('heading', { name: 'You have no access to this workflow' }).waitFor()
    await expect.poll(() => copies(page)).toBe(0)

    await server.request('PUT', member, admit)
    await page.getByRole('button', { name: 'Try again' }).click()
    await node(page, 'ask').waitFor()
    await untilSaved(page)
    wire.cut({ pages: true })
    await untilShown(page, 'Offline')
    await rename(page, 'ask', 'Here again')
    await untilShown(page, kept(1))
    await page.reload()
    await node(page, 'ask').getByText('Here again').waitFor()
    await untilShown(page, kept(1))
  }
)

test('one copy that cannot be read hides none of the others from who signs out', async ({
  startServer,
  openPage,
  openWire
}) => {
  const server = await startServer({ auth: 'jwt' })
  const [page, wire] = [await openPage(), await openWire(server)]
  const workflow = 'beside-broken'
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  await arrive(page, { server, wire, workflow })
  await untilSaved(page)
  await page.evaluate(async () => {
    const [copy] = await indexedDB.databases()
    // It lacks the stores.
    const asked = indexedDB.open(`${copy?.name ?? ''}-broken`)
    await new Promise((resolve) => (asked.onsuccess = resolve))
    asked.result.close()
  })
  wire.cut({ pages: true })
  await untilShown(page, 'Offline')
  await rename(page, 'ask', 'Not sent')
  await untilShown(page, kept(1))
  await page.getByRole('link', { name: 'All workflows' }).click()
  await page.locator('.ed-account').click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  const dialog = page.getByRole('alertdialog', { name: 'Sign out and lose what is not saved?' })
  await dialog.getByText(/^1 change in 1 workflow, kept on this device alone/).waitFor()
})
