/** One person with several tabs: one to the others, nothing lost between them, and no way from tab to tab but the server. */

import type { Page } from 'playwright-core'
import { allowProblems } from './harness/browser'
import {
  node,
  rename,
  stored,
  storedLabel,
  TWO_STEPS,
  untilOffline,
  untilSaved
} from './harness/canvas'
import { createWorkflow, lockNode, openEditor } from './harness/editor'
import { nameField, select } from './harness/inspector'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import { NETWORK, type Wire } from './harness/wire'

let count = 0

interface TwoTabs {
  workflow: string
  one: Page
  other: Page
  wire: Wire
  /** A tab of the same person again. */
  reopen: () => Promise<Page>
}

interface Openers {
  server: Server
  openPage: () => Promise<Page>
  openTab: (page: Page) => Promise<Page>
  openWire: (server: Server) => Promise<Wire>
}

/** Bob has Ann's workflow open twice. */
async function twoTabs({ server, openPage, openTab, openWire }: Openers): Promise<TwoTabs> {
  const workflow = `tabs-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  const [one, wire] = [await openPage(), await openWire(server)]
  const arrive = async (page: Page) => {
    allowProblems(page, NETWORK)
    await openEditor(page, { server, wire, user: 'bob', workflow })
    await node(page, 'mail').waitFor()
    return page
  }
  await arrive(one)
  const other = await arrive(await openTab(one))
  for (const tab of [one, other]) await untilSaved(tab)
  return { workflow, one, other, wire, reopen: async () => arrive(await openTab(one)) }
}

/** Closed by its person, as soon as it asks no more for what is just being written to the device. */
async function shut(tab: Page): Promise<void> {
  tab.on('dialog', (dialog) => void dialog.dismiss())
  await expect
    .poll(async () => {
      if (!tab.isClosed()) await tab.close({ runBeforeUnload: true })
      return tab.isClosed()
    })
    .toBe(true)
}

test('two tabs are one person, and what either calls saved is on the server', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const { one, other, workflow } = await twoTabs({ server, openPage, openTab, openWire })
  const ann = await openPage()
  await openEditor(ann, { server, user: 'ann', workflow })
  await ann.getByRole('button', { name: 'Follow bob' }).waitFor()
  await ann.getByRole('button', { name: 'Locks and mode' }).click()
  const people = ann.getByRole('region', { name: 'People in this workflow' })
  await expect.poll(() => people.getByRole('listitem').count()).toBe(2)

  await rename(one, 'ask', 'By one tab')
  await untilSaved(one)
  expect(await storedLabel(server, workflow, 'ask')).toBe('By one tab')
  await node(other, 'ask').getByText('By one tab').waitFor()
  await rename(other, 'mail', 'By the other')
  await untilSaved(other)
  expect(await storedLabel(server, workflow, 'mail')).toBe('By the other')
  await node(one, 'mail').getByText('By the other').waitFor()

  // He is there as long as one of them is.
  expect(await people.getByRole('listitem').count()).toBe(2)
  await shut(one)
  await rename(other, 'ask', 'Still here')
  await node(ann, 'ask').getByText('Still here').waitFor()
  expect(await people.getByRole('listitem').count()).toBe(2)
  await shut(other)
  await expect.poll(() => people.getByRole('listitem').count()).toBe(1)
})

test('without the server nothing goes from one tab to the other', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const { one, other, wire } = await twoTabs({ server, openPage, openTab, openWire })
  wire.cut({ pages: true })
  await untilOffline(one, other)
  await other.evaluate(() => {
    const heard = new BroadcastChannel('after all')
    heard.onmessage = () => (document.title = 'heard')
  })
  await rename(one, 'ask', 'Edited in one')
  await one.getByText('Offline – 1 change kept on this device').waitFor()
  // Whatever the tab has broadcast before this, has arrived before this.
  await one.evaluate(() => new BroadcastChannel('after all').postMessage(null))
  await expect.poll(() => other.title()).toBe('heard')
  await node(other, 'ask').getByText('Ask', { exact: true }).waitFor()

  wire.mend()
  await node(other, 'ask').getByText('Edited in one').waitFor()
  for (const tab of [one, other]) await untilSaved(tab)
})

test('what several tabs edited offline is all there when the workflow is opened again', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const tabs = await twoTabs({ server, openPage, openTab, openWire })
  const { one, other, wire, workflow } = tabs
  wire.cut({ pages: true })
  await untilOffline(one, other)
  await rename(one, 'ask', 'Edited in one')
  await rename(other, 'mail', 'Edited in the other')
  for (const tab of [one, other]) await tab.getByText(/^Offline – \d changes? kept/).waitFor()
  await shut(one)
  await shut(other)

  const again = await tabs.reopen()
  await node(again, 'ask').getByText('Edited in one').waitFor()
  await node(again, 'mail').getByText('Edited in the other').waitFor()
  await again.getByText('Offline – 2 changes kept on this device').waitFor()
  expect(await storedLabel(server, workflow, 'ask')).toBe('Ask')

  wire.mend()
  await untilSaved(again)
  expect((await stored(server, workflow)).nodes).toMatchObject([
    { data: { label: 'Edited in one' } },
    { data: { label: 'Edited in the other' } }
  ])
})

test('what a tab left unsaved when it was closed is saved by the other', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const tabs = await twoTabs({ server, openPage, openTab, openWire })
  const { one, other, wire, workflow } = tabs
  wire.cut({ pages: true })
  await untilOffline(one, other)
  await rename(one, 'ask', 'Left behind')
  await one.getByText('Offline – 1 change kept on this device').waitFor()
  await shut(one)
  await rename(other, 'mail', 'Carried on')
  await other.getByText(/^Offline – \d changes? kept/).waitFor()

  wire.mend()
  await node(other, 'ask').getByText('Left behind').waitFor()
  await untilSaved(other)
  expect((await stored(server, workflow)).nodes).toMatchObject([
    { data: { label: 'Left behind' } },
    { data: { label: 'Carried on' } }
  ])

  // Nothing is left to be counted the next time.
  wire.cut({ pages: true })
  await untilOffline(other)
  await shut(other)
  await (await tabs.reopen()).getByText('Offline', { exact: true }).waitFor()
})

test('two tabs that deleted what another has locked both get it back', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const { one, other, wire, workflow } = await twoTabs({ server, openPage, openTab, openWire })
  const ann = await openPage()
  await openEditor(ann, { server, user: 'ann', workflow })
  await node(ann, 'mail').waitFor()
  wire.cut({ pages: true })
  await untilOffline(one, other)
  for (const tab of [one, other]) {
    await select(tab, 'mail')
    await node(tab, 'mail').click()
    await tab.keyboard.press('Delete')
    await node(tab, 'mail').waitFor({ state: 'detached' })
  }
  await rename(one, 'ask', 'Allowed')
  await lockNode(server, { user: 'ann', workflow, id: 'mail' })
  await rename(ann, 'mail', 'Ann’s letter')
  await untilSaved(ann)

  wire.mend()
  for (const tab of [one, other]) {
    await tab.getByText('Your copy had to be loaded anew', { exact: true }).waitFor()
    await node(tab, 'mail').getByText('Ann’s letter').waitFor()
    await node(tab, 'ask').getByText('Allowed').waitFor()
    await untilSaved(tab)
  }
  const { nodes, edges } = await stored(server, workflow)
  expect(nodes).toMatchObject([
    { id: 'ask', data: { label: 'Allowed' } },
    { id: 'mail', data: { label: 'Ann’s letter' } }
  ])
  expect(edges).toEqual([])

  // The holder goes on, and both tabs see it.
  await nameField(ann).fill('Ann’s card')
  for (const tab of [one, other]) await node(tab, 'mail').getByText('Ann’s card').waitFor()
})
