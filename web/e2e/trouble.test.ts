/** What the editor does when something goes wrong: no network, no server, no right, no token any more. */

import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { allowProblems } from './harness/browser'
import {
  drag,
  drop,
  node,
  stored,
  storedLabel,
  storedPosition,
  TWO_STEPS,
  untilOffline,
  untilSaved
} from './harness/canvas'
import { createWorkflow, lockNode, openEditor } from './harness/editor'
import { nameField, select } from './harness/inspector'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import { NETWORK, type Wire } from './harness/wire'

const NOTICED_WITHIN_MS = 2_000

let count = 0

interface Pair {
  ann: Page
  bob: Page
  wire: Wire
  workflow: string
}

/** Ann, who owns the workflow, and Bob behind a wire of his own. */
async function pair(
  server: Server,
  openPage: () => Promise<Page>,
  openWire: (server: Server) => Promise<Wire>
): Promise<Pair> {
  const workflow = `trouble-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  const wire = await openWire(server)
  const [ann, bob] = [await openPage(), await openPage()]
  allowProblems(bob, NETWORK)
  await openEditor(ann, { server, user: 'ann', workflow })
  await openEditor(bob, { server, wire, user: 'bob', workflow })
  for (const page of [ann, bob]) await node(page, 'mail').waitFor()
  await untilSaved(ann)
  await untilSaved(bob)
  return { ann, bob, wire, workflow }
}

test('what is edited offline and locked by another meanwhile is reverted on return', async ({
  server,
  openPage,
  openWire
}) => {
  const { ann, bob, wire, workflow } = await pair(server, openPage, openWire)
  await select(bob, 'mail')
  wire.cut()
  await untilOffline(bob)
  await nameField(bob).fill('Bob was here')
  await drag(bob, 'mail', { x: 0, y: 160 })
  await drop(bob)
  await bob.getByText(/Offline – \d+ changes kept on this device/).waitFor()

  await select(ann, 'mail')
  await ann.getByRole('button', { name: 'Lock', exact: true }).click()
  await ann.getByText('Locked by you').first().waitFor()
  await nameField(ann).fill('Send a letter')
  await drag(ann, 'mail', { x: 120, y: 0 })
  await drop(ann)
  await untilSaved(ann)
  await expect.poll(() => storedLabel(server, workflow, 'mail')).toBe('Send a letter')
  const moved = await storedPosition(server, workflow, 'mail')

  wire.mend()
  await bob.getByText('Reverted: ann holds the lock on ‘Send a letter’').first().waitFor()
  await node(bob, 'mail').getByText('Send a letter').waitFor()
  await untilSaved(bob)
  for (const page of [ann, bob]) expect(await node(page, 'mail').textContent()).toContain('letter')
  expect(await storedLabel(server, workflow, 'mail')).toBe('Send a letter')
  expect(await storedPosition(server, workflow, 'mail')).toEqual(moved)

  // The holder goes on as if nothing had happened.
  await nameField(ann).fill('Send a card')
  await node(bob, 'mail').getByText('Send a card').waitFor()
})

test('edits made offline survive a reload of the page, and land on return', async ({
  server,
  openPage,
  openWire
}) => {
  const { ann, bob, wire, workflow } = await pair(server, openPage, openWire)
  wire.cut({ pages: true })
  await untilOffline(bob)
  await select(bob, 'ask')
  await nameField(bob).fill('Asked offline')
  await drag(bob, 'ask', { x: 0, y: 160 })
  await drop(bob)
  await bob.getByText('Offline – 2 changes kept on this device').waitFor()
  await takeScreenshot(bob, 'offline')

  await bob.reload()
  await node(bob, 'ask').getByText('Asked offline').waitFor()
  await bob.getByText('Offline – 2 changes kept on this device').waitFor()
  expect(await storedLabel(server, workflow, 'ask')).toBe('Ask')

  wire.mend()
  await tryNow(bob)
  await untilSaved(bob)
  await node(ann, 'ask').getByText('Asked offline').waitFor()
  await expect.poll(() => storedLabel(server, workflow, 'ask')).toBe('Asked offline')
  expect(await storedPosition(server, workflow, 'ask')).not.toEqual({ x: 0, y: 0 })
})

test('a server that is killed amid edits loses nothing that was shown as saved', async ({
  startServer,
  openPage,
  openWire
}) => {
  const server = await startServer()
  const { ann, bob, workflow } = await pair(server, openPage, openWire)
  allowProblems(ann, NETWORK)
  await select(ann, 'ask')
  await select(bob, 'mail')
  await nameField(ann).fill('Saved by ann')
  await nameField(bob).fill('Saved by bob')
  await node(bob, 'ask').getByText('Saved by ann').waitFor()
  await node(ann, 'mail').getByText('Saved by bob').waitFor()
  await untilSaved(ann)
  await untilSaved(bob)

  const prompt = ann.getByRole('textbox', { name: 'Prompt' })
  await Promise.all([prompt.pressSequentially(' Because the server may die.'), server.kill()])
  await untilOffline(ann)
  await untilOffline(bob)
  await nameField(bob).fill('Renamed meanwhile')

  await server.start()
  for (const page of [ann, bob]) await untilSaved(page)
  const typed = await prompt.inputValue()
  expect(typed).toContain('Because the server may die.')
  await expect
    .poll(async () => (await stored(server, workflow)).nodes)
    .toMatchObject([
      { id: 'ask', data: { label: 'Saved by ann', prompt: typed } },
      { id: 'mail', data: { label: 'Renamed meanwhile' } }
    ])
  await node(ann, 'mail').getByText('Renamed meanwhile').waitFor()
  await select(bob, 'ask')
  await expect.poll(() => bob.getByRole('textbox', { name: 'Prompt' }).inputValue()).toBe(typed)
})

test('deleting offline what another has locked starts over, and offers what was not saved', async ({
  server,
  openPage,
  openWire
}) => {
  const { ann, bob, wire, workflow } = await pair(server, openPage, openWire)
  wire.cut()
  await untilOffline(bob)
  await select(bob, 'ask')
  await nameField(bob).fill('Kept of Bob')
  await node(bob, 'mail').click()
  await bob.keyboard.press('Delete')
  await node(bob, 'mail').waitFor({ state: 'detached' })
  await lockNode(server, { user: 'ann', workflow, id: 'mail' })

  wire.mend()
  await bob.getByText('Your copy had to be loaded anew', { exact: true }).waitFor()
  await node(bob, 'mail').waitFor()
  await takeScreenshot(bob, 'reset')
  const [download] = await Promise.all([
    bob.waitForEvent('download'),
    bob.getByRole('button', { name: 'Download what was not saved' }).click()
  ])
  expect(download.suggestedFilename()).toBe(`${workflow}-unsaved.json`)
  const content = JSON.parse(await readFile(await download.path(), 'utf8')) as {
    nodes: { id: string; data: object }[]
  }
  expect(content.nodes).toMatchObject([{ id: 'ask', data: { label: 'Kept of Bob' } }])

  // The server's state, with what was allowed of Bob's work, and a canvas that goes on.
  await untilSaved(bob)
  await node(bob, 'ask').getByText('Kept of Bob').waitFor()
  await node(ann, 'ask').getByText('Kept of Bob').waitFor()
  expect((await stored(server, workflow)).nodes.map(({ id }) => id)).toEqual(['ask', 'mail'])
  await select(bob, 'ask')
  await nameField(bob).fill('And on')
  await node(ann, 'ask').getByText('And on').waitFor()
})

test('a token that ends asks to sign in, and the work goes on after it', async ({
  startServer,
  openPage
}) => {
  const server = await startServer({ auth: 'jwt', settings: { COFLOW_JWT_LEEWAY_S: '0' } })
  const workflow = 'expiring'
  const owner = await server.token('ann')
  await createWorkflow(server, { user: 'ann', token: owner, id: workflow, ...TWO_STEPS })
  const page = await openPage()
  allowProblems(page, /401/)
  const grants = { workflows: { [workflow]: 'editor' as const } }
  const short = await server.token('bob', { ...grants, expiresIn: '15s' })
  await openEditor(page, { server, user: 'bob', workflow, token: short })
  await node(page, 'ask').waitFor()

  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByText('Your token is not valid, or has expired.').waitFor()
  await page.getByLabel('Access token').fill(await server.token('bob', grants))
  await page.getByRole('button', { name: 'Continue' }).click()
  await select(page, 'ask')
  await nameField(page).fill('Signed in again')
  await untilSaved(page)
  await expect
    .poll(() => server.request('GET', `/api/workflows/${workflow}`, { token: owner }))
    .toMatchObject({ nodes: [{ data: { label: 'Signed in again' } }, {}] })
})

test('who loses the right to edit sees it at once, and who loses all of it is told so', async ({
  startServer,
  openPage
}) => {
  const server = await startServer({ auth: 'jwt' })
  const [owner, bob] = [await server.token('ann'), await server.token('bob')]
  const workflow = 'shrinking'
  await createWorkflow(server, { user: 'ann', token: owner, id: workflow, ...TWO_STEPS })
  const member = `/api/workflows/${workflow}/members/bob`
  await server.request('PUT', member, { token: owner, body: { role: 'editor' } })
  const page = await openPage()
  await openEditor(page, { server, user: 'bob', workflow, token: bob })
  await select(page, 'ask')
  const addStep = page.getByRole('button', { name: 'Add a step' })
  await addStep.waitFor()

  await server.request('PUT', member, { token: owner, body: { role: 'viewer' } })
  const soon = { timeout: NOTICED_WITHIN_MS }
  await addStep.waitFor({ state: 'detached', ...soon })
  await page.getByText('You can view', { exact: true }).waitFor(soon)
  expect(await nameField(page).isEditable()).toBe(false)
  for (const name of ['Undo', 'Delete', 'Duplicate', 'Share', 'Comment']) {
    expect(await page.getByRole('button', { name, exact: true }).count(), name).toBe(0)
  }
  await node(page, 'ask').click()
  await page.keyboard.press('Delete')

  await server.request('PUT', member, { token: owner, body: { role: 'editor' } })
  await addStep.waitFor(soon)
  await select(page, 'ask')
  await nameField(page).fill('Again')
  await untilSaved(page)
  expect(await server.request('GET', `/api/workflows/${workflow}`, { token: owner })).toMatchObject(
    {
      nodes: [{ data: { label: 'Again' } }, {}]
    }
  )

  await server.request('DELETE', member, { token: owner })
  await page.getByRole('heading', { name: 'You have no access to this workflow' }).waitFor(soon)
  expect(await page.locator('.react-flow').count()).toBe(0)
})

/** Come back at once, unless the editor has done so by itself meanwhile. */
async function tryNow(page: Page): Promise<void> {
  const button = page.getByRole('button', { name: 'Try now' })
  const saved = page.getByText('All changes saved')
  await button.or(saved).first().waitFor()
  await button.click({ timeout: 2_000 }).catch(() => undefined)
}
