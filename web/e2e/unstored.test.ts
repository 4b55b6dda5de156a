/** Signing in, leaving and signing out where the device keeps nothing: the page alone has what is not saved. */

import type { Page } from 'playwright-core'
import { allowProblems, withoutStorage } from './harness/browser'
import { node, rename, TWO_STEPS, untilOffline, untilSaved } from './harness/canvas'
import { createWorkflow, openList } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import { expect, test } from './harness/test'
import { arrive, downloadUnsaved, makeLink } from './harness/visits'
import { NETWORK, type Wire } from './harness/wire'

const WORKFLOW = 'plan'
const BY = { user: 'ann' }
const GRAPH = { id: WORKFLOW, name: 'Plan', ...TWO_STEPS }

async function renameOffline(page: Page, wire: Wire, name: string): Promise<void> {
  wire.cut({ pages: true })
  await untilOffline(page)
  await rename(page, 'ask', name)
  await page.getByText('Offline – 1 change not saved yet').waitFor()
}

test('what was unsaved when a token ended is saved after signing in, though no device keeps it', async ({
  startServer,
  openPage,
  openWire
}) => {
  const server = await startServer({ auth: 'jwt', settings: { COFLOW_JWT_LEEWAY_S: '0' } })
  const [ann, short] = await Promise.all([
    server.token('ann'),
    server.token('ann', { expiresIn: '30s' })
  ])
  await createWorkflow(server, { user: 'ann', token: ann, ...GRAPH })
  const label = async () => {
    const graph = await server.request('GET', `/api/workflows/${WORKFLOW}`, { token: ann })
    return (graph as { nodes: { data: { label: string } }[] }).nodes[0]?.data.label
  }
  const wire = await openWire(server)
  const page = await openPage()
  await withoutStorage(page)
  allowProblems(page, NETWORK)
  await page.goto(`${wire.origin}/w/${WORKFLOW}#token=${short}`)
  await node(page, 'ask').waitFor()
  await untilSaved(page)
  await renameOffline(page, wire, 'Not lost')
  const isOver = () =>
    server.request('GET', '/api/workflows', { token: short }).then(
      () => false,
      (error: unknown) => String(error).includes('401')
    )
  await expect.poll(isOver, { timeout: 60_000 }).toBe(true)

  allowProblems(page, /401/)
  wire.mend()
  await page.getByText('Your token is not valid, or has expired.').waitFor()
  expect(await label()).toBe('Ask')
  await page.getByLabel('Access token').fill(ann)
  await page.getByRole('button', { name: 'Continue' }).click()
  await node(page, 'ask').getByText('Not lost').waitFor()
  await untilSaved(page)
  expect(await label()).toBe('Not lost')
  // The page goes on by the new token.
  await rename(page, 'ask', 'Not lost at all')
  await untilSaved(page)
  expect(await label()).toBe('Not lost at all')
})

test('a guest whose visit has ended is asked before the only copy goes, until it is a file', async ({
  startServer,
  openPage,
  openWire
}) => {
  const server = await startServer()
  await createWorkflow(server, { ...BY, ...GRAPH })
  const link = await makeLink(server, { by: BY, workflow: WORKFLOW, can: ['edit'] })
  const wire = await openWire(server)
  const page = await openPage()
  await withoutStorage(page)
  allowProblems(page, NETWORK)
  await arrive(page, link.url.replace(server.origin, wire.origin), 'Grace')
  await node(page, 'ask').waitFor()
  await untilSaved(page)
  await renameOffline(page, wire, 'Of Grace alone')
  await server.request('DELETE', `/api/collaboration/shares/${link.share_id}`, BY)
  allowProblems(page, /40[134]|410/)
  wire.mend()
  await page.getByRole('heading', { name: 'Your visit has ended' }).waitFor()

  const leave = page.getByRole('button', { name: 'Sign in instead' })
  await leave.click()
  const dialog = page.getByRole('alertdialog', { name: 'Leave and lose what is not saved?' })
  await dialog.getByText(/^1 change in 1 workflow/).waitFor()
  await takeScreenshot(page, 'visit-ended-unsaved')
  await dialog.getByRole('button', { name: 'Stay' }).click()
  await dialog.waitFor({ state: 'detached' })
  const { nodes } = await downloadUnsaved(page)
  expect(nodes).toMatchObject([{ data: { label: 'Of Grace alone' } }, {}])
  await leave.click()
  await page.getByRole('heading', { name: 'What should we call you?' }).waitFor()
})

test('a guest who may only view now, and then nothing any more, is asked about what was given back', async ({
  startServer,
  openPage,
  openWire
}) => {
  const server = await startServer()
  await createWorkflow(server, { ...BY, ...GRAPH })
  const viewing = await makeLink(server, { by: BY, workflow: WORKFLOW })
  const editing = await makeLink(server, { by: BY, workflow: WORKFLOW, can: ['edit'] })
  const end = (shareId: string) =>
    server.request('DELETE', `/api/collaboration/shares/${shareId}`, BY)
  const wire = await openWire(server)
  const page = await openPage()
  allowProblems(page, NETWORK)
  await arrive(page, viewing.url.replace(server.origin, wire.origin), 'Grace')
  await node(page, 'ask').waitFor()
  await page.goto(editing.url.replace(server.origin, wire.origin))
  await node(page, 'ask').waitFor()
  await untilSaved(page)
  wire.cut({ pages: true })
  await untilOffline(page)
  await rename(page, 'ask', 'Given back')
  await end(editing.share_id)
  wire.mend()
  await page.getByText('Your copy had to be loaded anew').waitFor()
  allowProblems(page, /40[134]|410/)
  await end(viewing.share_id)
  await page.getByRole('heading', { name: 'Your visit has ended' }).waitFor()

  await page.getByRole('button', { name: 'Sign in instead' }).click()
  const dialog = page.getByRole('alertdialog', { name: 'Leave and lose what is not saved?' })
  await dialog.getByText(/^Changes in 1 workflow/).waitFor()
  await dialog.getByRole('button', { name: 'Stay' }).click()
  await dialog.waitFor({ state: 'detached' })
  const { nodes } = await downloadUnsaved(page)
  expect(nodes).toMatchObject([{ data: { label: 'Given back' } }, {}])
  await page.getByRole('button', { name: 'Sign in instead' }).click()
  await page.getByRole('heading', { name: 'What should we call you?' }).waitFor()
})

test('who uses a browser that keeps nothing can sign out of it, and guests can leave it', async ({
  startServer,
  openPage
}) => {
  const server = await startServer()
  await createWorkflow(server, { ...BY, ...GRAPH })
  const [user, guest] = [await openPage(), await openPage()]
  for (const page of [user, guest]) await withoutStorage(page)
  await openList(user, { server, user: 'ann' })
  await user.locator('.ed-account').getByText('ann').waitFor()
  await user.locator('.ed-account').click()
  await user.getByRole('menuitem', { name: 'Use another name' }).click()
  await user.getByRole('heading', { name: 'What should we call you?' }).waitFor()

  const { url } = await makeLink(server, { by: BY, workflow: WORKFLOW })
  await arrive(guest, url, 'Grace')
  await guest.getByRole('button', { name: 'Leave' }).click()
  await guest.getByRole('alertdialog').getByRole('button', { name: 'Leave' }).click()
  await guest.getByRole('heading', { name: 'What should we call you?' }).waitFor()
})
