/** Each way in which the server ends a connection: what is said, what can be taken along, and how it goes on. */

import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { allowProblems } from './harness/browser'
import { node, rename, storedLabel, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { nameField, select } from './harness/inspector'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import { NETWORK } from './harness/wire'

/** What Chromium says of requests that are refused. */
const NOT_FOUND = /status of 404/
const FULL = /status of 409/

async function arrive(page: Page, server: Server, user: string, workflow: string): Promise<void> {
  await openEditor(page, { server, user, workflow })
  await node(page, 'ask').waitFor()
  await untilSaved(page)
}

/** The labels by node id of what the page offers as a file. */
async function downloaded(page: Page): Promise<Record<string, unknown>> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download what was not saved' }).click()
  ])
  const { nodes } = JSON.parse(await readFile(await download.path(), 'utf8')) as {
    nodes: { id: string; data: { label?: unknown } }[]
  }
  return Object.fromEntries(nodes.map(({ id, data }) => [id, data.label]))
}

/** However many there are, they do not leave the card. */
async function expectActionsInside(page: Page): Promise<void> {
  const card = await page.locator('.ed-card').boundingBox()
  for (const action of await page.locator('.ed-card__actions > *').all()) {
    const box = await action.boundingBox()
    if (card === null || box === null) throw new Error('it is not shown')
    expect(box.x + box.width).toBeLessThan(card.x + card.width)
  }
}

/** Keeps the page's sockets where a test can reach them. */
async function reachSockets(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const opened: WebSocket[] = []
    Object.assign(window, { opened })
    window.WebSocket = class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols)
        opened.push(this)
      }
    }
  })
}

test('4400: a message that is none is refused, and one can go on after that', async ({
  server,
  openPage
}) => {
  const workflow = 'malformed'
  await createWorkflow(server, { user: 'ann', id: workflow, ...TWO_STEPS })
  const page = await openPage()
  await reachSockets(page)
  await arrive(page, server, 'bob', workflow)
  await page.evaluate(() => {
    const { opened } = window as unknown as { opened: WebSocket[] }
    opened.at(-1)?.send(new Uint8Array([99]))
  })
  await page.getByRole('heading', { name: 'The connection has ended' }).waitFor()
  await page.getByText('Something went wrong in this editor').waitFor()
  expect(await page.getByRole('button', { name: /Download/ }).count()).toBe(0)

  await page.getByRole('button', { name: 'Try again' }).click()
  await rename(page, 'ask', 'Going on')
  await untilSaved(page)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Going on')
})

test('4404: who comes back to a workflow that was deleted can take along what was not saved', async ({
  startServer,
  openPage,
  openWire
}) => {
  const server = await startServer({ auth: 'jwt' })
  const workflow = 'deleted'
  const owner = await server.token('ann')
  await createWorkflow(server, { user: 'ann', token: owner, id: workflow, ...TWO_STEPS })
  const [page, wire] = [await openPage(), await openWire(server)]
  allowProblems(page, NETWORK)
  allowProblems(page, NOT_FOUND)
  await openEditor(page, { server, wire, user: 'bob', workflow })
  await untilSaved(page)
  wire.cut()
  await page.getByText('Offline', { exact: true }).waitFor()
  await rename(page, 'ask', 'Only here')
  await server.request('DELETE', `/api/workflows/${workflow}`, { token: owner })

  wire.mend()
  await page.getByRole('heading', { name: 'There is no such workflow' }).waitFor()
  expect(await downloaded(page)).toEqual({ ask: 'Only here', mail: 'Send e-mail' })
  await page.getByRole('link', { name: 'All workflows' }).click()
  await page
    .getByRole('heading', { name: /workflows/i })
    .first()
    .waitFor()
})

test('4413: a change that is too large can be taken along, and the workflow goes on without it', async ({
  startServer,
  openPage
}) => {
  const server = await startServer({ settings: { COFLOW_MAX_DOCUMENT_BYTES: '8192' } })
  const workflow = 'large'
  await createWorkflow(server, { user: 'ann', id: workflow, ...TWO_STEPS })
  const [ann, bob] = [await openPage(), await openPage()]
  await arrive(ann, server, 'ann', workflow)
  await arrive(bob, server, 'bob', workflow)
  const large = 'x'.repeat(9_000)
  await rename(bob, 'ask', large)
  await untilSaved(bob)
  // Now it has reached its limit, and takes nothing more.
  await rename(bob, 'mail', 'One too many')

  await bob.getByRole('heading', { name: 'The connection has ended' }).waitFor()
  await bob.getByText('is too large to be saved').waitFor()
  await expectActionsInside(bob)
  expect(await downloaded(bob)).toEqual({ ask: large, mail: 'One too many' })
  await bob.getByRole('button', { name: 'Try again' }).click()
  await untilSaved(bob)
  await node(bob, 'mail').getByText('Send e-mail').waitFor()
  expect(await storedLabel(server, workflow, 'mail')).toBe('Send e-mail')
  // Of no harm to anybody else, nor after a reload.
  await node(ann, 'mail').getByText('Send e-mail').waitFor()
  await bob.reload()
  await node(bob, 'mail').getByText('Send e-mail').waitFor()
  await untilSaved(bob)
})

test('4413: nor does one message that is too large keep anybody out', async ({
  startServer,
  openPage
}) => {
  const server = await startServer({ settings: { COFLOW_MAX_MESSAGE_BYTES: '4096' } })
  const workflow = 'long'
  await createWorkflow(server, { user: 'ann', id: workflow, ...TWO_STEPS })
  const page = await openPage()
  await arrive(page, server, 'bob', workflow)
  const long = 'x'.repeat(5_000)
  await rename(page, 'ask', long)

  await page.getByText('is too large to be saved').waitFor()
  expect(await downloaded(page)).toEqual({ ask: long, mail: 'Send e-mail' })
  await page.getByRole('button', { name: 'Try again' }).click()
  await node(page, 'ask').getByText('Ask', { exact: true }).waitFor()
  await untilSaved(page)
})

test('4523: who finds the workflow full waits, and is let in when somebody leaves', async ({
  server,
  openPage
}) => {
  const workflow = 'full'
  await createWorkflow(server, { user: 'ann', id: workflow, ...TWO_STEPS })
  const [ann, carl, bob] = [await openPage(), await openPage(), await openPage()]
  await arrive(ann, server, 'ann', workflow)
  await arrive(carl, server, 'carl', workflow)
  const { session_id: session } = (await server.request('POST', '/api/collaboration/sessions', {
    user: 'ann',
    body: { workflow_id: workflow }
  })) as { session_id: string }
  await server.request('PATCH', `/api/collaboration/sessions/${session}`, {
    user: 'ann',
    body: { max_users: 2 }
  })

  allowProblems(bob, FULL)
  await bob.goto(`${server.origin}/w/${workflow}?user_id=bob`)
  await bob.getByRole('heading', { name: 'The workflow is full' }).waitFor()
  expect(await bob.locator('.react-flow').count()).toBe(0)
  await carl.context().close()
  await rename(bob, 'ask', 'Let in')
  await untilSaved(bob)
  await node(ann, 'ask').getByText('Let in').waitFor()
})

test('4523: work that was done offline waits with its person, and is saved when there is room', async ({
  server,
  openPage,
  openWire
}) => {
  const workflow = 'full-again'
  await createWorkflow(server, { user: 'ann', id: workflow, ...TWO_STEPS })
  const [bob, wire] = [await openPage(), await openWire(server)]
  allowProblems(bob, NETWORK)
  allowProblems(bob, FULL)
  await openEditor(bob, { server, wire, user: 'bob', workflow })
  await untilSaved(bob)
  wire.cut()
  await bob.getByText('Offline', { exact: true }).waitFor()
  await rename(bob, 'ask', 'Edited outside')
  const carl = await openPage()
  await arrive(carl, server, 'carl', workflow)
  const { session_id: session } = (await server.request('POST', '/api/collaboration/sessions', {
    user: 'carl',
    body: { workflow_id: workflow }
  })) as { session_id: string }
  await server.request('POST', `/api/collaboration/sessions/${session}/leave`, { user: 'bob' })
  await server.request('PATCH', `/api/collaboration/sessions/${session}`, {
    user: 'ann',
    body: { max_users: 1 }
  })

  wire.mend()
  await bob.getByRole('heading', { name: 'The workflow is full' }).waitFor()
  expect(await downloaded(bob)).toEqual({ ask: 'Edited outside', mail: 'Send e-mail' })
  await carl.context().close()
  await select(bob, 'ask')
  expect(await nameField(bob).inputValue()).toBe('Edited outside')
  await untilSaved(bob)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Edited outside')
})

test('4529: one tab too many says so, and gets in when another is closed', async ({
  startServer,
  openPage,
  openTab
}) => {
  const server = await startServer({ settings: { COFLOW_MAX_CONNECTIONS_PER_USER: '1' } })
  const workflow = 'busy'
  await createWorkflow(server, { user: 'ann', id: workflow, ...TWO_STEPS })
  const one = await openPage()
  await arrive(one, server, 'bob', workflow)
  const other = await openTab(one)
  await other.goto(`${server.origin}/w/${workflow}?user_id=bob`)
  await other.getByText('Too much at once from this browser').first().waitFor()
  await one.close()
  await rename(other, 'ask', 'The other tab')
  await untilSaved(other)
  expect(await storedLabel(server, workflow, 'ask')).toBe('The other tab')
})
