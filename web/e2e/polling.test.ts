/** Where no WebSocket can be had, people, locks and comments are asked for, and stay alive. */

import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { allowProblems } from './harness/browser'
import { node, TWO_STEPS, untilOffline, untilSaved } from './harness/canvas'
import { createWorkflow, lockNode, openEditor } from './harness/editor'
import { select } from './harness/inspector'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import { NETWORK, type Wire } from './harness/wire'

let count = 0

interface Cut {
  bob: Page
  wire: Wire
  workflow: string
}

/** Bob has the workflow open, whose owner is Ann, behind a wire that lets no socket through any more. */
async function withoutSocket(
  server: Server,
  openPage: (options: BrowserContextOptions) => Promise<Page>,
  openWire: (server: Server) => Promise<Wire>
): Promise<Cut> {
  const workflow = `polled-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  // Animations get lost when the clock jumps.
  const [bob, wire] = [await openPage({ reducedMotion: 'reduce' }), await openWire(server)]
  allowProblems(bob, NETWORK)
  await bob.clock.install()
  await openEditor(bob, { server, wire, user: 'bob', workflow })
  await untilSaved(bob)
  wire.refuseSockets()
  await untilOffline(bob)
  return { bob, wire, workflow }
}

/** So much later in this page, when it has asked for a list and has the answer. */
async function afterPoll(page: Page, path: RegExp, everyMs: number): Promise<void> {
  const answered = page.waitForResponse((answer) => path.test(new URL(answer.url()).pathname))
  await page.clock.fastForward(everyMs)
  await (await answered).finished()
}

function personIn(people: Locator, name: string): Locator {
  return people.getByRole('listitem').filter({ hasText: name })
}

test('people come, work and go in the list of one who has no socket', async ({
  server,
  openPage,
  openWire
}) => {
  const { bob, workflow } = await withoutSocket(server, openPage, openWire)
  const polled = () => afterPoll(bob, /\/sessions\/[^/]+$/, 5_000)
  await bob.getByRole('button', { name: 'Locks and mode' }).click()
  const people = bob.getByRole('region', { name: 'People in this workflow' })

  const carl = await openPage()
  await openEditor(carl, { server, user: 'carl', workflow })
  await node(carl, 'mail').waitFor()
  await polled()
  await personIn(people, 'carl').getByText('active now').waitFor()
  await personIn(people, 'carl').getByText('Editor').waitFor()

  await select(carl, 'mail')
  await polled()
  await personIn(people, 'carl').getByText('Send e-mail').waitFor()
  await bob.locator('.coflow-outline').getByText('carl').waitFor()

  // To the others Bob is there all the same, by what he asks.
  await carl.getByRole('button', { name: 'Follow bob' }).waitFor()

  await carl.context().close()
  await polled()
  await personIn(people, 'carl').waitFor({ state: 'detached' })
  await bob.locator('.coflow-outline').waitFor({ state: 'detached' })
})

test('when somebody was last active is told as the server knows it', async ({
  server,
  openPage,
  openWire
}) => {
  const { bob, wire, workflow } = await withoutSocket(server, openPage, openWire)
  const polled = () => afterPoll(bob, /\/sessions\/[^/]+$/, 5_000)
  await bob.getByRole('button', { name: 'Locks and mode' }).click()
  const people = bob.getByRole('region', { name: 'People in this workflow' })
  // Dora takes part by REST alone: her last sign is that she has joined.
  await server.request('POST', '/api/collaboration/sessions', {
    user: 'dora',
    body: { workflow_id: workflow }
  })
  await polled()
  await personIn(people, 'dora').getByText('active now').waitFor()

  await bob.clock.fastForward(90_000)
  await polled()
  await personIn(people, 'dora').getByText('1 min ago').waitFor()
  await people.getByText('this list is some seconds old').waitFor()

  // Without any answer nobody is claimed to be here.
  wire.cut()
  await bob.clock.fastForward(5_000)
  await personIn(people, 'dora').waitFor({ state: 'detached' })
  await people.getByText('others may be here unseen').waitFor()
})

test('a lock taken by another appears and goes without a socket', async ({
  server,
  openPage,
  openWire
}) => {
  const { bob, workflow } = await withoutSocket(server, openPage, openWire)
  const polled = () => afterPoll(bob, /\/locks\/[^/]+$/, 10_000)
  await bob.getByRole('button', { name: 'Locks and mode' }).click()
  const locks = bob.getByRole('region', { name: 'Edit locks' })
  await locks.getByText('Nothing is locked').waitFor()

  await lockNode(server, { user: 'ann', workflow, id: 'mail' })
  await polled()
  await locks.getByRole('article', { name: 'Node Send e-mail, locked by ann' }).waitFor()
  await node(bob, 'mail').getByTitle('Locked by ann').waitFor()
  await node(bob, 'mail').click()
  await node(bob, 'mail').focus()
  await bob.keyboard.press('Delete')
  await node(bob, 'mail').waitFor()

  await server.request('POST', '/api/collaboration/locks/release', {
    user: 'ann',
    body: { workflow_id: workflow, resource_type: 'node', resource_id: 'mail' }
  })
  await polled()
  await locks.getByText('Nothing is locked').waitFor()
  await node(bob, 'mail').getByTitle('Locked by ann').waitFor({ state: 'detached' })
})

test('what others comment arrives without a socket, and one’s own is sent', async ({
  server,
  openPage,
  openWire
}) => {
  const { bob, workflow } = await withoutSocket(server, openPage, openWire)
  const polled = () => afterPoll(bob, /\/comments\/[^/]+$/, 10_000)
  await server.request('POST', '/api/collaboration/comments', {
    user: 'ann',
    body: {
      ...{ workflow_id: workflow, content: 'Who gets this?' },
      ...{ context_type: 'node', context_id: 'mail' }
    }
  })
  await polled()
  await bob.locator('.coflow-pin').waitFor()
  await bob.getByRole('button', { name: 'Comments, 1' }).click()
  const panel = bob.getByRole('region', { name: 'Comments' })
  await panel.getByText('Who gets this?').waitFor()

  await panel.getByRole('button', { name: 'Reply', exact: true }).click()
  await panel.getByRole('textbox', { name: 'Reply' }).fill('Everybody.')
  await panel.getByRole('textbox', { name: 'Reply' }).press('Control+Enter')
  await expect
    .poll(() => server.request('GET', `/api/collaboration/comments/${workflow}`, { user: 'ann' }))
    .toMatchObject({
      items: [{ author: 'ann' }, { author: 'bob', content: 'Everybody.' }]
    })
  await panel.getByRole('article').getByText('Everybody.').waitFor()
})

test('who could never get a socket sees people and locks, and goes on when there is one', async ({
  server,
  openPage,
  openWire
}) => {
  const workflow = `polled-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, ...TWO_STEPS })
  await server.request('POST', '/api/collaboration/sessions', {
    user: 'ann',
    body: { workflow_id: workflow }
  })
  await lockNode(server, { user: 'ann', workflow, id: 'mail' })
  const [bob, wire] = [await openPage(), await openWire(server)]
  allowProblems(bob, NETWORK)
  wire.refuseSockets()
  await bob.goto(`${wire.origin}/w/${workflow}?user_id=bob`)
  await bob.getByText('Offline – waiting for the server').waitFor()
  await bob.getByRole('button', { name: /^Locks and mode/ }).click()
  const people = bob.getByRole('region', { name: 'People in this workflow' })
  await personIn(people, 'bob').waitFor()
  await personIn(people, 'ann').waitFor()
  await bob.getByRole('article', { name: /locked by ann/ }).waitFor()

  wire.mend()
  await node(bob, 'mail').waitFor()
  await untilSaved(bob)
})

test('who is alone and could never get a socket is told that nobody is there and nothing locked', async ({
  server,
  openPage,
  openWire
}) => {
  const workflow = `polled-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, ...TWO_STEPS })
  const [bob, wire] = [await openPage(), await openWire(server)]
  allowProblems(bob, NETWORK)
  wire.refuseSockets()
  await bob.goto(`${wire.origin}/w/${workflow}?user_id=bob`)
  await bob.getByRole('button', { name: /^Locks and mode/ }).click()
  await bob.getByText('Nothing is locked').waitFor()
  const people = bob.getByRole('region', { name: 'People in this workflow' })
  await personIn(people, 'bob').waitFor()
  expect(await people.getByRole('listitem').count()).toBe(1)
})
