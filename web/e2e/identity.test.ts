/** Who uses a browser: signing in and out, sessions that end, and what of anybody stays on the device. */

import type { BrowserContextOptions, Page } from 'playwright-core'
import { checkAccessibility } from './harness/accessibility'
import { allowProblems } from './harness/browser'
import { node, rename, storedLabel, TWO_STEPS, untilOffline, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor, openList } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import type { Server, ServerOptions } from './harness/server'
import { expect, test } from './harness/test'
import { arrive, downloadUnsaved, guestIn, makeLink, traces } from './harness/visits'
import { NETWORK, type Wire } from './harness/wire'

type OpenPage = (options?: BrowserContextOptions) => Promise<Page>
type OpenWire = (server: Server) => Promise<Wire>
type StartServer = (options?: ServerOptions) => Promise<Server>

const WORKFLOW = 'plan'

/** A server that goes by tokens, and Ann's workflow there, in which Bob is an editor. */
async function withTokens(startServer: StartServer) {
  const server = await startServer({ auth: 'jwt', settings: { COFLOW_JWT_LEEWAY_S: '0' } })
  const [ann, bob] = await Promise.all([server.token('ann'), server.token('bob')])
  await createWorkflow(server, {
    user: 'ann',
    token: ann,
    id: WORKFLOW,
    name: 'Plan',
    ...TWO_STEPS
  })
  const member = `/api/workflows/${WORKFLOW}/members/bob`
  await server.request('PUT', member, { token: ann, body: { role: 'editor' } })
  const label = async () => {
    const graph = await server.request('GET', `/api/workflows/${WORKFLOW}`, { token: ann })
    return (graph as { nodes: { data: { label: string } }[] }).nodes[0]?.data.label
  }
  return { server, ann, bob, member, label }
}

/** Bob with that token, behind a wire of his own. */
async function openAs(openPage: OpenPage, openWire: OpenWire, server: Server, token: string) {
  const wire = await openWire(server)
  const page = await openPage()
  allowProblems(page, NETWORK)
  await page.goto(`${wire.origin}/w/${WORKFLOW}#token=${token}`)
  await node(page, 'ask').waitFor()
  await untilSaved(page)
  return { page, wire }
}

async function renameOffline(page: Page, wire: Wire, name: string): Promise<void> {
  wire.cut()
  await untilOffline(page)
  await rename(page, 'ask', name)
  await page.getByText(/Offline – \d+ changes? kept on this device/).waitFor()
}

async function copies(page: Page): Promise<string[]> {
  return (await traces(page)).copies
}

async function signOut(page: Page, item: 'Sign out' | 'Use another name'): Promise<void> {
  await page.locator('.ed-account').click()
  await page.getByRole('menuitem', { name: item }).click()
}

test('a token comes in the fragment, and what was unsaved when it ends is saved after signing in', async ({
  startServer,
  openPage,
  openWire
}) => {
  const { server, bob, label } = await withTokens(startServer)
  const short = await server.token('bob', { name: 'Bob', expiresIn: '30s' })
  const { page, wire } = await openAs(openPage, openWire, server, short)
  expect(page.url()).toBe(`${wire.origin}/w/${WORKFLOW}`)
  await renameOffline(page, wire, 'Not lost')
  const isOver = () =>
    server.request('GET', '/api/workflows', { token: short }).then(
      () => false,
      (error: unknown) => String(error).includes('401')
    )
  await expect.poll(isOver, { timeout: 60_000 }).toBe(true)

  allowProblems(page, /401/)
  wire.mend()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByText('Your token is not valid, or has expired.').waitFor()
  await takeScreenshot(page, 'sign-in-again')
  expect(await label()).toBe('Ask')
  await page.getByLabel('Access token').fill(bob)
  await page.getByRole('button', { name: 'Continue' }).click()
  await node(page, 'ask').getByText('Not lost').waitFor()
  await untilSaved(page)
  expect(await label()).toBe('Not lost')
})

test('a workflow that its owner deletes is gone from the device too', async ({
  startServer,
  openPage,
  openWire
}) => {
  const { server, ann, bob } = await withTokens(startServer)
  const { page } = await openAs(openPage, openWire, server, bob)
  expect(await copies(page)).toHaveLength(1)
  allowProblems(page, /40[34]/)
  await server.request('DELETE', `/api/workflows/${WORKFLOW}`, { token: ann })
  await page.getByRole('heading', { name: 'There is no such workflow' }).waitFor()
  expect(await page.getByRole('button', { name: /Download/ }).count()).toBe(0)
  await expect.poll(() => copies(page)).toEqual([])
})

test('who has lost access may take what was not saved, and then the device forgets the workflow', async ({
  startServer,
  openPage,
  openWire
}) => {
  const { server, ann, bob, member, label } = await withTokens(startServer)
  const { page, wire } = await openAs(openPage, openWire, server, bob)
  await renameOffline(page, wire, 'Of Bob alone')
  await server.request('DELETE', member, { token: ann })
  allowProblems(page, /40[34]/)
  wire.mend()
  await page.getByRole('heading', { name: 'You have no access to this workflow' }).waitFor()
  await takeScreenshot(page, 'no-access')
  // As long as nobody has taken it, it is kept; after a reload too.
  await page.reload()
  await page.getByRole('heading', { name: 'You have no access to this workflow' }).waitFor()
  expect(await copies(page)).toHaveLength(1)
  const { nodes, edges } = await downloadUnsaved(page)
  expect(nodes).toMatchObject([
    { id: 'ask', data: { label: 'Of Bob alone', prompt: 'Why?' } },
    { id: 'mail', data: { label: 'Send e-mail' } }
  ])
  expect(edges).toMatchObject([{ id: 'e1', source: 'ask', target: 'mail' }])
  await expect.poll(() => copies(page)).toEqual([])
  expect(await label()).toBe('Ask')
})

test('signing out asks about unsaved work, and leaves nothing on the device, in any tab', async ({
  startServer,
  openPage,
  openTab,
  openWire
}) => {
  const { server, bob, label } = await withTokens(startServer)
  const { page, wire } = await openAs(openPage, openWire, server, bob)
  const list = await openTab(page)
  await list.goto(`${wire.origin}/#token=${bob}`)
  await list.getByText('Plan').first().waitFor()
  allowProblems(list, NETWORK)
  await renameOffline(page, wire, 'Not sent')

  await signOut(list, 'Sign out')
  const dialog = list.getByRole('alertdialog', { name: 'Sign out and lose what is not saved?' })
  await dialog
    .getByText(/^1 change in 1 workflow, kept on this device alone, would be lost/)
    .waitFor()
  await dialog.getByRole('button', { name: 'Stay' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await copies(list)).toHaveLength(1)

  await signOut(list, 'Sign out')
  await dialog.getByRole('button', { name: 'Sign out anyway' }).click()
  for (const each of [list, page]) await each.getByRole('heading', { name: 'Sign in' }).waitFor()
  await expect.poll(() => copies(list)).toEqual([])
  for (const each of [list, page]) {
    const { storage } = await traces(each)
    for (const trace of ['bob', WORKFLOW, bob]) expect(storage).not.toContain(trace)
  }
  wire.mend()
  expect(await label()).toBe('Ask')
})

test('a visitor whose sign-in has expired can go on as a guest, or sign in anew', async ({
  startServer,
  openPage
}) => {
  const { server, ann } = await withTokens(startServer)
  const { url } = await makeLink(server, { by: { token: ann }, workflow: WORKFLOW })
  const old = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjeWQiLCJleHAiOjE3MDAwMDAwMDB9.c2lnbmF0dXJl'
  const cyd = await server.token('cyd', { name: 'Cyd' })

  const [guest, user] = [await openPage(), await openPage()]
  for (const page of [guest, user]) {
    allowProblems(page, /401/)
    await page.goto(`${url}#token=${old}`)
    await page.getByText('Your token is not valid, or has expired.').waitFor()
  }
  await checkAccessibility(guest)
  await takeScreenshot(guest, 'arrival-expired')
  await guest.getByRole('button', { name: 'Go on as a guest' }).click()
  await guest.getByLabel('Your name').fill('Grace')
  await guest.getByRole('button', { name: 'Open the workflow' }).click()
  await node(guest, 'ask').waitFor()
  expect((await guestIn(guest, WORKFLOW)).name).toBe('Grace')

  await user.getByLabel('Access token').fill(cyd)
  await user.getByRole('button', { name: 'Continue' }).click()
  await node(user, 'ask').waitFor()
  expect((await traces(user)).storage).not.toContain('coflow.guest')
})

test('a guest of this browser stands in no users way, and misleads nobody', async ({
  startServer,
  openPage,
  openTab
}) => {
  const { server, ann, bob } = await withTokens(startServer)
  const { url } = await makeLink(server, { by: { token: ann }, workflow: WORKFLOW })
  const guest = await openPage()
  await arrive(guest, url, 'Grace')
  await guest.getByText('You can view', { exact: true }).waitFor()
  const { userId } = await guestIn(guest, WORKFLOW)

  const user = await openTab(guest)
  await openEditor(user, { server, user: 'bob', workflow: WORKFLOW, token: bob })
  await user.getByRole('button', { name: 'Add a step' }).waitFor()
  // Bob follows the same link with his own name, and the guest stays what it was.
  await user.goto(url)
  await user.getByRole('button', { name: 'Add a step' }).waitFor()
  expect(await user.getByRole('button', { name: 'Leave' }).count()).toBe(0)
  expect((await guestIn(user, WORKFLOW)).userId).toBe(userId)

  const expired = await openTab(guest)
  allowProblems(expired, /401/)
  await expired.goto(`${server.origin}/w/${WORKFLOW}#token=${bob.slice(0, -4)}AAAA`)
  await expired.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(await expired.getByText('Your visit has ended').count()).toBe(0)
})

test('two people in two tabs of one browser, and one after the other in one tab, stay apart', async ({
  server,
  openPage,
  openTab,
  openWire
}) => {
  for (const [user, id, name] of [
    ['ann', 'of-ann', 'Plan of Ann'],
    ['bob', 'of-bob', 'Plan of Bob']
  ] as const) {
    await createWorkflow(server, { user, id, name, ...TWO_STEPS })
  }
  const wire = await openWire(server)
  const ann = await openPage()
  allowProblems(ann, NETWORK)
  await ann.goto(`${wire.origin}/w/of-ann?user_id=ann`)
  await node(ann, 'ask').waitFor()
  await untilSaved(ann)
  const bob = await openTab(ann)
  allowProblems(bob, NETWORK)
  await bob.goto(`${wire.origin}/w/of-ann?user_id=bob`)
  await node(bob, 'ask').waitFor()
  await untilSaved(bob)
  expect(await copies(ann)).toHaveLength(2)

  // What Ann has not saved is in her copy, and in nobody else's.
  wire.cut({ pages: true })
  await untilOffline(ann)
  await rename(ann, 'ask', 'A secret of Ann')
  await ann.getByText(/Offline – \d+ changes? kept on this device/).waitFor()
  await bob.reload()
  await node(bob, 'ask').getByText('Ask').waitFor()
  await ann.reload()
  await node(ann, 'ask').getByText('A secret of Ann').waitFor()
  wire.mend()
  await untilSaved(ann)

  // Bob makes place for Cyd, in his tab; Ann's goes on.
  await bob.getByRole('link', { name: 'All workflows' }).click()
  await bob.locator('.ed-account').getByText('bob').waitFor()
  await signOut(bob, 'Use another name')
  await bob.getByRole('heading', { name: 'What should we call you?' }).waitFor()
  await expect.poll(() => copies(ann)).toHaveLength(1)
  expect(await bob.getByLabel('Your name').inputValue()).toBe('')
  await bob.reload()
  await bob.getByLabel('Your name').fill('cyd')
  await bob.getByRole('button', { name: 'Continue' }).click()
  await bob.locator('.ed-account').getByText('cyd').waitFor()
  const { storage } = await traces(bob)
  for (const trace of ['ann', 'bob']) expect(storage).not.toContain(trace)

  await rename(ann, 'mail', 'Ann goes on')
  await untilSaved(ann)
  await ann.reload()
  await node(ann, 'mail').getByText('Ann goes on').waitFor()
  expect(await storedLabel(server, 'of-ann', 'mail')).toBe('Ann goes on')
  await ann.getByRole('link', { name: 'All workflows' }).click()
  await ann.locator('.ed-account').getByText('ann').waitFor()
  expect((await traces(ann)).storage).not.toContain('bob')
})

test('a name in the address is for that tab, and leaves the address', async ({
  server,
  openPage,
  openTab
}) => {
  const page = await openPage()
  await openList(page, { server, user: 'dora' })
  await page.locator('.ed-account').getByText('dora').waitFor()
  expect(page.url()).toBe(`${server.origin}/`)
  await page.reload()
  await page.locator('.ed-account').getByText('dora').waitFor()
  const tab = await openTab(page)
  await tab.goto(server.origin)
  await tab.getByRole('heading', { name: 'What should we call you?' }).waitFor()
})

test('a name that cannot be an id is asked for again, in plain words, wherever one arrives', async ({
  server,
  openPage
}) => {
  await createWorkflow(server, { user: 'ann', id: 'named', name: 'Plan', ...TWO_STEPS })
  const page = await openPage()
  allowProblems(page, /401/)
  for (const path of ['/', '/w/named']) {
    await page.goto(`${server.origin}${path}?user_id=${encodeURIComponent('👩‍💻 Dev')}`)
    await page.getByText('This name cannot be used: it holds special').waitFor()
    await page.getByLabel('Your name').fill('Dev')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page
      .getByRole('heading', { name: 'What should we call you?' })
      .waitFor({ state: 'detached' })
  }
  await node(page, 'ask').waitFor()
  await page.getByRole('link', { name: 'All workflows' }).click()
  await page.locator('.ed-account').getByText('Dev').waitFor()
})
