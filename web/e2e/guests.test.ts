/** Guests who come by links: who they are when they come again, and what becomes of them in the end. */

import type { BrowserContextOptions, Page } from 'playwright-core'
import { checkAccessibility } from './harness/accessibility'
import { allowProblems } from './harness/browser'
import { node, rename, storedLabel, TWO_STEPS, untilOffline, untilSaved } from './harness/canvas'
import { createWorkflow } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import {
  ageToken,
  arrive,
  downloadUnsaved,
  guestIn,
  makeLink,
  traces,
  type Link
} from './harness/visits'
import { NETWORK, type Wire } from './harness/wire'

type OpenPage = (options?: BrowserContextOptions) => Promise<Page>
type OpenWire = (server: Server) => Promise<Wire>

const TWO_DAYS_S = 2 * 86_400
const BY = { user: 'ann' }

let count = 0
async function newWorkflow(server: Server): Promise<string> {
  const workflow = `visited-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  return workflow
}

/** Grace, who came by a link that lets edit, behind a wire of her own. */
async function visiting(
  server: Server,
  openPage: OpenPage,
  openWire: OpenWire,
  { maxUses = 1 } = {}
) {
  const workflow = await newWorkflow(server)
  const link = await makeLink(server, { by: BY, workflow, can: ['edit'], maxUses })
  const wire = await openWire(server)
  const page = await openPage()
  await arrive(page, link.url.replace(server.origin, wire.origin), 'Grace')
  await node(page, 'ask').waitFor()
  await untilSaved(page)
  return { workflow, link, wire, page }
}

async function uses(server: Server, link: Link): Promise<number> {
  const path = `/api/collaboration/shares/${link.share_id}`
  return ((await server.request('GET', path, BY)) as { uses: number }).uses
}

async function revoke(server: Server, link: Link): Promise<void> {
  await server.request('DELETE', `/api/collaboration/shares/${link.share_id}`, BY)
}

function visitEnded(page: Page): Promise<void> {
  return page.getByRole('heading', { name: 'Your visit has ended' }).waitFor()
}

test('a guest who comes back after two days, in a browser that was closed, is the same guest', async ({
  server,
  openPage,
  openWire
}) => {
  const { workflow, link, page } = await visiting(server, openPage, openWire)
  const { userId } = await guestIn(page, workflow)
  await ageToken(page, { server, workflow, byS: TWO_DAYS_S })
  const storageState = await page.context().storageState()

  const later = await openPage({ storageState })
  await later.goto(page.url())
  await rename(later, 'ask', 'Two days later')
  await untilSaved(later)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Two days later')
  expect((await guestIn(later, workflow)).userId).toBe(userId)
  // By the link too, which lets in one person alone.
  await ageToken(later, { server, workflow, byS: TWO_DAYS_S })
  await later.goto(`${new URL(page.url()).origin}${new URL(link.url).pathname}`)
  await node(later, 'ask').getByText('Two days later').waitFor()
  expect((await guestIn(later, workflow)).userId).toBe(userId)
  expect(await uses(server, link)).toBe(1)
})

test('a tab that was offline when its token ended goes on as the same guest', async ({
  server,
  openPage,
  openWire
}) => {
  const { workflow, link, wire, page } = await visiting(server, openPage, openWire)
  allowProblems(page, NETWORK)
  const { userId } = await guestIn(page, workflow)
  // A clock that is a day late: the page cannot know that its token is about to end.
  await page.addInitScript(() => {
    const now = Date.now.bind(Date)
    Date.now = () => now() - 86_400_000
  })
  const token = await ageToken(page, { server, workflow, byS: 86_400 - 5 })
  await page.reload()
  await untilSaved(page)
  wire.cut({ pages: true })
  await untilOffline(page)
  await rename(page, 'ask', 'Written while away')
  const isRefused = () =>
    server.request('GET', `/api/workflows/${workflow}`, { token }).then(
      () => false,
      (error: unknown) => String(error).includes('401')
    )
  await expect.poll(isRefused, { timeout: 30_000 }).toBe(true)

  allowProblems(page, /401/)
  wire.mend()
  await untilSaved(page)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Written while away')
  expect((await guestIn(page, workflow)).userId).toBe(userId)
  expect(await uses(server, link)).toBe(1)
})

test('a guest may have any name that can be shown, and is asked again for one that cannot', async ({
  server,
  openPage,
  openTab
}) => {
  const workflow = await newWorkflow(server)
  const { url } = await makeLink(server, { by: BY, workflow })
  const page = await openPage()
  allowProblems(page, /422/)
  await arrive(page, url, '\u202eecarG')
  await page.getByText('This name cannot be used: something in it cannot be shown.').waitFor()
  await checkAccessibility(page)
  await takeScreenshot(page, 'arrival-name-refused')
  expect((await traces(page)).storage).not.toContain('ecarG')
  // Nor does one stand in the way that this browser has kept from before.
  await page.evaluate(() => localStorage.setItem('coflow.guest-name', '\u202eecarG'))
  const tab = await openTab(page)
  allowProblems(tab, /422/)
  await tab.goto(url)
  await tab.getByText('This name cannot be used: something in it cannot be shown.').waitFor()

  await page.getByLabel('Your name').fill('👩‍💻 Dev')
  await page.getByRole('button', { name: 'Open the workflow' }).click()
  for (const each of [page, tab]) await node(each, 'ask').waitFor()
  expect((await guestIn(page, workflow)).name).toBe('👩‍💻 Dev')
  // And the next link does not ask.
  const other = await newWorkflow(server)
  await page.goto((await makeLink(server, { by: BY, workflow: other })).url)
  await node(page, 'ask').waitFor()
  expect((await guestIn(page, other)).name).toBe('👩‍💻 Dev')
})

test('a link that ended while its guest was away ends the visit, and gives the work as a file', async ({
  server,
  openPage,
  openWire
}) => {
  const { workflow, link, wire, page } = await visiting(server, openPage, openWire)
  allowProblems(page, NETWORK)
  await ageToken(page, { server, workflow, byS: TWO_DAYS_S })
  wire.cut()
  await untilOffline(page)
  await rename(page, 'ask', 'Kept of Grace')
  await page.getByText(/Offline – \d+ changes? kept on this device/).waitFor()
  await revoke(server, link)

  allowProblems(page, /40[134]|410/)
  wire.mend()
  await visitEnded(page)
  await checkAccessibility(page)
  await takeScreenshot(page, 'visit-ended')
  const { nodes } = await downloadUnsaved(page)
  expect(nodes).toMatchObject([{ data: { label: 'Kept of Grace' } }, {}])
  // It was the last thing that this device had to keep it for.
  await expect.poll(async () => (await traces(page)).copies).toEqual([])
  await page.getByRole('button', { name: 'Sign in instead' }).click()
  await page.getByRole('heading', { name: 'What should we call you?' }).waitFor()
  expect((await traces(page)).storage).not.toContain('Grace')
})

test('a guest whose token and link are both at an end is told so, not that the network is gone', async ({
  server,
  openPage,
  openWire
}) => {
  const { workflow, link, wire, page } = await visiting(server, openPage, openWire)
  allowProblems(page, NETWORK)
  wire.cut({ pages: true })
  await untilOffline(page)
  await rename(page, 'ask', 'Kept of Grace')
  await page.getByText(/Offline – \d+ changes? kept on this device/).waitFor()
  await revoke(server, link)
  await ageToken(page, { server, workflow, byS: TWO_DAYS_S })

  allowProblems(page, /40[134]|410/)
  wire.mend()
  await page.reload()
  await visitEnded(page)
  const { nodes } = await downloadUnsaved(page)
  expect(nodes).toMatchObject([{ data: { label: 'Kept of Grace' } }, {}])
})

test('a link for one person, opened in two tabs at once, lets in that one in both', async ({
  server,
  openPage,
  openTab
}) => {
  const workflow = await newWorkflow(server)
  const link = await makeLink(server, { by: BY, workflow, maxUses: 1 })
  const page = await openPage()
  const tab = await openTab(page)
  await Promise.all([page.goto(link.url), tab.goto(link.url)])
  await tab.getByLabel('Your name').waitFor()
  await page.getByLabel('Your name').fill('Grace')
  await page.getByRole('button', { name: 'Open the workflow' }).click()
  for (const each of [page, tab]) await node(each, 'ask').waitFor()
  const { userId } = await guestIn(page, workflow)

  // Now that the name is known, nothing keeps the two apart.
  const other = await newWorkflow(server)
  const second = await makeLink(server, { by: BY, workflow: other, maxUses: 1 })
  await Promise.all([page.goto(second.url), tab.goto(second.url)])
  for (const each of [page, tab]) {
    await node(each, 'ask').waitFor()
    expect(new URL(each.url()).pathname).toBe(`/w/${other}`)
  }
  // And the first link, once more.
  await page.goto(link.url)
  await node(page, 'ask').waitFor()
  expect((await guestIn(page, workflow)).userId).toBe(userId)
  expect([await uses(server, link), await uses(server, second)]).toEqual([1, 1])
})

test('a second link adds its rights to the same guest, and outlives the first', async ({
  server,
  openPage
}) => {
  const workflow = await newWorkflow(server)
  const viewing = await makeLink(server, { by: BY, workflow })
  const editing = await makeLink(server, { by: BY, workflow, can: ['edit', 'comment'] })
  const page = await openPage()
  await arrive(page, viewing.url, 'Grace')
  await page.getByText('You can view', { exact: true }).waitFor()
  const { userId } = await guestIn(page, workflow)

  // A token that has ended is no hindrance: the first link renews it for the second.
  await ageToken(page, { server, workflow, byS: TWO_DAYS_S })
  allowProblems(page, /401/)
  await page.goto(editing.url)
  await rename(page, 'ask', 'By the second link')
  await untilSaved(page)
  expect((await guestIn(page, workflow)).userId).toBe(userId)

  await revoke(server, editing)
  await page.getByText('You can view', { exact: true }).waitFor()
  await ageToken(page, { server, workflow, byS: TWO_DAYS_S })
  allowProblems(page, /410/)
  await page.reload()
  await node(page, 'ask').getByText('By the second link').waitFor()
  expect((await guestIn(page, workflow)).userId).toBe(userId)
  expect([await uses(server, viewing), await uses(server, editing)]).toEqual([1, 1])
})

test('a guest who leaves is asked, and forgotten by this browser in all tabs', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  const { workflow, wire, page } = await visiting(server, openPage, openWire)
  allowProblems(page, NETWORK)
  const tab = await openTab(page)
  await tab.goto(page.url())
  await node(tab, 'ask').waitFor()
  await untilSaved(tab)
  allowProblems(tab, NETWORK)
  const dialog = page.getByRole('alertdialog')
  await page.getByRole('button', { name: 'Leave' }).click()
  await dialog.getByText(/This browser forgets you/).waitFor()
  await dialog.getByRole('button', { name: 'Stay' }).click()
  await dialog.waitFor({ state: 'detached' })

  wire.cut()
  await untilOffline(page)
  await rename(page, 'ask', 'Not saved')
  await page.getByText(/Offline – \d+ changes? kept on this device/).waitFor()
  await page.getByRole('button', { name: 'Leave' }).click()
  await page.getByRole('alertdialog', { name: 'Leave and lose what is not saved?' }).waitFor()
  await dialog.getByText(/^\d+ changes? in 1 workflow/).waitFor()
  await checkAccessibility(page, { within: '[role="alertdialog"]' })
  await takeScreenshot(page, 'leave')
  await dialog.getByRole('button', { name: 'Leave anyway' }).click()
  for (const each of [page, tab]) {
    await each.getByRole('heading', { name: 'What should we call you?' }).waitFor()
  }
  await expect.poll(async () => (await traces(page)).copies).toEqual([])
  for (const each of [page, tab]) {
    const { storage } = await traces(each)
    for (const trace of ['Grace', 'guest', workflow]) expect(storage).not.toContain(trace)
    expect(await each.title()).toBe('coflow')
  }
})

test('what a guest could not save is counted, and removed, with the one who took their place', async ({
  server,
  openPage,
  openWire
}) => {
  const { workflow, link, wire, page } = await visiting(server, openPage, openWire)
  allowProblems(page, NETWORK)
  const { userId } = await guestIn(page, workflow)
  wire.cut({ pages: true })
  await untilOffline(page)
  await rename(page, 'ask', 'Of the first Grace')
  await page.getByText(/Offline – 1 change kept on this device/).waitFor()
  await revoke(server, link)
  await ageToken(page, { server, workflow, byS: TWO_DAYS_S })

  allowProblems(page, /40[134]|410/)
  wire.mend()
  const second = await makeLink(server, { by: BY, workflow, can: ['edit'] })
  await page.goto(second.url.replace(server.origin, wire.origin))
  await node(page, 'ask').waitFor()
  await untilSaved(page)
  expect((await guestIn(page, workflow)).userId).not.toBe(userId)
  expect((await traces(page)).copies).toHaveLength(2)
  await page.getByRole('button', { name: 'Leave' }).click()
  const dialog = page.getByRole('alertdialog', { name: 'Leave and lose what is not saved?' })
  await dialog.getByText(/^1 change in 1 workflow/).waitFor()
  await dialog.getByRole('button', { name: 'Leave anyway' }).click()
  await page.getByRole('heading', { name: 'What should we call you?' }).waitFor()
  await expect.poll(async () => (await traces(page)).copies).toEqual([])
})
