/** What is left on the canvas of others who rest, leave, or whose network dies; and what each tells of itself. */

import * as decoding from 'lib0/decoding'
import type { Page, WebSocket } from 'playwright-core'
import { drag, middle, node, TWO_STEPS } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { select } from './harness/inspector'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import type { Wire } from './harness/wire'

const AWARENESS = 1
/** Of the server's asking, here: it looks for dead connections all the time. */
const PING_EVERY_S = 2

let count = 0

async function arrive(
  page: Page,
  where: { server: Server; user: string; workflow: string; wire?: Wire }
): Promise<Page> {
  await openEditor(page, where)
  await node(page, 'mail').waitFor()
  return page
}

async function newWorkflow(server: Server): Promise<string> {
  const workflow = `presence-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  return workflow
}

/** Over the empty canvas, so that nothing is selected by it. */
async function point(page: Page, x: number): Promise<void> {
  await page.mouse.move(x - 8, 640)
  await page.mouse.move(x, 640)
}

/** Points, has selected one node, and holds another. */
async function occupy(page: Page): Promise<void> {
  await select(page, 'mail')
  await drag(page, 'mail', { x: 0, y: 96 })
}

function cursor(page: Page) {
  return page.locator('.coflow-cursor')
}

function outline(page: Page) {
  return page.locator('.coflow-outline')
}

test('a cursor that rests is hidden after ten seconds, and back with its next movement', async ({
  server,
  openPage
}) => {
  const workflow = await newWorkflow(server)
  const ann = await openPage()
  await ann.clock.install()
  await arrive(ann, { server, user: 'ann', workflow })
  const bob = await arrive(await openPage(), { server, user: 'bob', workflow })
  await point(bob, 600)
  await expect.poll(() => cursor(ann).getAttribute('data-shown')).toBe('true')

  await ann.clock.fastForward(9_000 - 3_000)
  expect(await cursor(ann).getAttribute('data-shown')).toBe('true')
  await ann.clock.fastForward(4_000)
  await expect.poll(() => cursor(ann).getAttribute('data-shown')).toBe('false')
  await expect.poll(() => cursor(ann).evaluate((each) => getComputedStyle(each).opacity)).toBe('0')

  await point(bob, 700)
  await expect.poll(() => cursor(ann).getAttribute('data-shown')).toBe('true')
  await expect.poll(async () => Math.abs((await middle(cursor(ann))).x - 700)).toBeLessThan(64)
})

test('who leaves takes cursor, outline and drag along at once', async ({ server, openPage }) => {
  const workflow = await newWorkflow(server)
  const ann = await openPage()
  await ann.clock.install()
  await arrive(ann, { server, user: 'ann', workflow })
  const bob = await arrive(await openPage(), { server, user: 'bob', workflow })
  const before = await middle(node(ann, 'mail'))
  await occupy(bob)
  await expect.poll(async () => (await middle(node(ann, 'mail'))).y - before.y).toBeGreaterThan(48)
  await cursor(ann).getByText('bob').waitFor()
  await outline(ann).getByText('bob').waitFor()

  // With the clock standing still nothing can be waited for by a timer.
  await ann.clock.pauseAt((await ann.evaluate(() => Date.now())) + 1_000)
  await bob.context().close()
  await cursor(ann).waitFor({ state: 'detached' })
  await outline(ann).waitFor({ state: 'detached' })
  await expect.poll(() => middle(node(ann, 'mail'))).toEqual(before)
})

test('who is cut off without a word is gone when the server has found out', async ({
  startServer,
  openPage,
  openWire
}) => {
  const server = await startServer({ settings: { COFLOW_PING_EVERY_S: `${PING_EVERY_S}` } })
  const workflow = await newWorkflow(server)
  const ann = await arrive(await openPage(), { server, user: 'ann', workflow })
  const [page, wire] = [await openPage(), await openWire(server)]
  const bob = await arrive(page, { server, wire, user: 'bob', workflow })
  const before = await middle(node(ann, 'mail'))
  await occupy(bob)
  await cursor(ann).getByText('bob').waitFor()
  await outline(ann).getByText('bob').waitFor()

  wire.freeze()
  await cursor(ann).waitFor({ state: 'detached' })
  await outline(ann).waitFor({ state: 'detached' })
  await ann.getByRole('button', { name: 'Follow bob' }).waitFor({ state: 'detached' })
  await expect.poll(() => middle(node(ann, 'mail'))).toEqual(before)
})

test('each tells the server of itself alone, never of the others', async ({ server, openPage }) => {
  const workflow = await newWorkflow(server)
  const bob = await openPage()
  const [socket] = await Promise.all([
    bob.waitForEvent('websocket', (each) => each.url().includes('/sync/')),
    arrive(bob, { server, user: 'bob', workflow })
  ])
  const told = statesSentOver(socket)
  const others: Page[] = []
  for (const user of ['ann', 'carl', 'dora']) {
    const other = await arrive(await openPage(), { server, user, workflow })
    await bob.getByRole('button', { name: `Follow ${user}` }).waitFor()
    others.push(other)
  }

  for (const [number, other] of others.entries()) {
    await point(other, 500 + 60 * number)
    await select(other, 'mail')
  }
  await expect.poll(() => outline(bob).count()).toBe(3)
  await others.pop()?.context().close()
  await expect.poll(() => outline(bob).count()).toBe(2)
  // What is sent next is sent after all that those have caused.
  const before = told.length
  await point(bob, 760)
  await expect.poll(() => told.length).toBeGreaterThan(before)
  expect(new Set(told).size).toBe(1)
})

/** The client ids of all awareness states in what the page sends, as they are sent. */
function statesSentOver(socket: WebSocket): number[] {
  const ids: number[] = []
  socket.on('framesent', ({ payload }) => {
    const frame = decoding.createDecoder(Buffer.from(payload))
    if (decoding.readVarUint(frame) !== AWARENESS) return
    const update = decoding.createDecoder(decoding.readVarUint8Array(frame))
    for (let left = decoding.readVarUint(update); left > 0; left -= 1) {
      ids.push(decoding.readVarUint(update))
      decoding.readVarUint(update)
      decoding.readVarString(update)
    }
  })
  return ids
}
