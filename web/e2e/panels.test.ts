/** The panels beside the canvas: they leave in sight what they are about, and show what happens as it happens. */

import type { Locator, Page } from 'playwright-core'
import { drag, drop, node, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, lockNode, openEditor, openList } from './harness/editor'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

/** So far apart that one lies where the panels are. */
const WIDE = {
  nodes: [
    { id: 'ask', type: 'agent', position: { x: 0, y: 0 }, data: { label: 'Ask' } },
    { id: 'mail', type: 'agent', position: { x: 960, y: 0 }, data: { label: 'Send e-mail' } },
    { id: 'file', type: 'agent', position: { x: 0, y: 560 }, data: { label: 'File it' } }
  ],
  edges: []
}

const HOUR_MS = 3_600_000

let count = 0

async function createPlan(server: Server, graph: object): Promise<string> {
  const workflow = `panels-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...graph })
  return workflow
}

async function open(page: Page, server: Server, workflow: string, user = 'ann'): Promise<void> {
  await openEditor(page, { server, user, workflow })
  await node(page, 'mail').waitFor()
  await untilSaved(page)
}

async function viewOf(page: Page): Promise<string> {
  return page
    .locator('.react-flow__viewport')
    .evaluate((element) => (element as HTMLElement).style.transform)
}

/** By how many pixels the one is to the left of the other; none: it is under it. */
async function gap(left: Locator, right: Locator): Promise<number> {
  const [one, other] = [await left.boundingBox(), await right.boundingBox()]
  if (one === null || other === null) throw new Error('it is not shown')
  return other.x - one.x - one.width
}

async function comment(server: Server, workflow: string, content: string, about?: string) {
  await server.request('POST', '/api/collaboration/comments', {
    user: 'bob',
    body: {
      workflow_id: workflow,
      content,
      ...(about !== undefined && { context_type: 'node', context_id: about })
    }
  })
}

test('the inspector does not cover the step that one selects', async ({ server, openPage }) => {
  const page = await openPage()
  await open(page, server, await createPlan(server, WIDE))
  const inspector = page.getByRole('complementary', { name: 'Inspector' }).locator('section')
  const before = await viewOf(page)
  await node(page, 'mail').click()
  await inspector.waitFor()
  // Out of its way, by no more than that takes.
  await expect.poll(() => gap(node(page, 'mail'), inspector)).toBeGreaterThan(15)
  expect(await gap(node(page, 'mail'), inspector)).toBeLessThan(17)
  const after = await viewOf(page)
  expect(after).not.toBe(before)

  // What is not covered makes nothing move.
  await page.keyboard.press('Escape')
  await inspector.waitFor({ state: 'detached' })
  await node(page, 'mail').click()
  await inspector.waitFor()
  await page.getByRole('button', { name: 'Activity' }).click()
  await page.getByRole('region', { name: 'Activity' }).getByText('created the').waitFor()
  expect(await viewOf(page)).toBe(after)
})

test('nor the comment of the thread that one opens', async ({ server, openPage }) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  const workflow = await createPlan(server, WIDE)
  await comment(server, workflow, 'To whom?', 'mail')
  await open(page, server, workflow)
  await page.getByRole('button', { name: 'Comments' }).click()
  const panel = page.getByRole('region', { name: 'Comments' })
  const pin = page.getByRole('button', { name: /^Comment by bob/ })
  expect(await gap(pin, panel)).toBeLessThan(0)
  await panel.getByRole('button', { name: 'Reply' }).click()
  await expect.poll(() => gap(pin, panel)).toBeGreaterThan(0)
})

test('nothing moves while one drags, or follows somebody', async ({ server, openPage }) => {
  const [page, bob] = [await openPage(), await openPage()]
  const workflow = await createPlan(server, WIDE)
  await open(page, server, workflow)
  await open(bob, server, workflow, 'bob')
  const inspector = (of: Page) => of.getByRole('complementary', { name: 'Inspector' })

  await bob.getByRole('button', { name: 'Follow ann' }).click()
  await bob.getByRole('button', { name: /^Following ann/ }).waitFor()
  await expect.poll(() => viewOf(bob)).toBe(await viewOf(page))
  const followed = await viewOf(bob)
  await node(bob, 'mail').click()
  await inspector(bob).waitFor()
  // A frame later it would have begun.
  await bob.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))))
  expect(await viewOf(bob)).toBe(followed)

  const before = await viewOf(page)
  await drag(page, 'mail', { x: 40, y: 120 })
  await inspector(page).waitFor()
  expect(await viewOf(page)).toBe(before)
  await drop(page)
  await untilSaved(page)
  expect(await viewOf(page)).toBe(before)
})

test('the activity of a workflow is shown as it happens', async ({ server, openPage }) => {
  const page = await openPage()
  const workflow = await createPlan(server, TWO_STEPS)
  for (let number = 0; number < 60; number++) await comment(server, workflow, `No. ${number}`)
  await open(page, server, workflow)
  await page.getByRole('button', { name: 'Activity' }).click()
  const panel = page.getByRole('region', { name: 'Activity' })
  const entries = panel.getByRole('listitem')
  await expect.poll(() => entries.count()).toBe(50)
  await panel.getByRole('button', { name: 'Show more' }).click()
  await expect.poll(() => entries.count()).toBeGreaterThan(60)
  const read = await entries.count()

  // Somewhere in the past, and there one stays.
  const list = panel.getByRole('list')
  await list.evaluate((element) => {
    element.scrollTop = 600
  })
  const seen = entries.nth(30)
  const place = await seen.evaluate((element) => element.getBoundingClientRect().top)
  const words = await seen.textContent()
  await server.request('POST', '/api/collaboration/locks/acquire', {
    user: 'bob',
    body: { workflow_id: workflow, resource_type: 'node', resource_id: 'mail' }
  })
  await panel.getByText('bob locked “Send e-mail”').waitFor()
  expect(await entries.count()).toBeGreaterThan(read)
  const added = (await entries.count()) - read
  const now = entries.nth(30 + added)
  expect(await now.textContent()).toBe(words)
  expect(
    Math.abs((await now.evaluate((element) => element.getBoundingClientRect().top)) - place)
  ).toBeLessThan(2)

  // No event tells of a link; it is there nevertheless.
  await server.request('POST', '/api/collaboration/shares', {
    user: 'ann',
    body: { workflow_id: workflow }
  })
  await panel.getByText('made a share link').waitFor()
})

test('what the activity is about goes by the names that people gave', async ({
  server,
  openPage
}) => {
  const page = await openPage()
  const workflow = await createPlan(server, TWO_STEPS)
  await lockNode(server, { user: 'bob', workflow, id: 'ask' })
  await server.request('POST', '/api/collaboration/locks/acquire', {
    user: 'ann',
    body: { workflow_id: workflow, resource_type: 'edge', resource_id: 'e1' }
  })
  await open(page, server, workflow)
  await page.getByRole('button', { name: 'Activity' }).click()
  const panel = page.getByRole('region', { name: 'Activity' })
  await panel.getByText('bob locked “Ask”').waitFor()
  await panel.getByText('ann locked “Ask → Send e-mail”').waitFor()
  await page.locator('.react-flow__edge').focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Delete')
  await panel.getByText('ann locked a deleted connection').waitFor()
  await untilSaved(page)
})

test('people are listed with what they may do, what they do, and since when they have not', async ({
  server,
  openPage
}) => {
  const [page, bob] = [await openPage(), await openPage()]
  const workflow = await createPlan(server, TWO_STEPS)
  // Without a socket, who alone is not heard of again in the five minutes that pass in this page.
  await server.request('POST', '/api/collaboration/sessions', {
    user: 'kim',
    body: { workflow_id: workflow }
  })
  await page.clock.install()
  await open(page, server, workflow)
  await page.clock.fastForward(5 * 60_000)
  await untilSaved(page)
  await open(bob, server, workflow, 'bob')
  await node(bob, 'ask').click()
  await page.getByRole('button', { name: 'Locks and mode' }).click()
  const people = page.getByRole('region', { name: 'People in this workflow' })
  const row = (name: string) => people.getByRole('listitem').filter({ hasText: name })
  await row('ann').getByText('Owner').waitFor()
  await row('bob').getByText('Editor').waitFor()
  await row('bob').getByText('Ask', { exact: true }).waitFor()
  await row('bob').getByText('active now').waitFor()
  await row('kim').getByText('5 min ago').waitFor()
})

test('on a device whose clock is hours off, times are those that others see', async ({
  server,
  openPage
}) => {
  const workflow = await createPlan(server, TWO_STEPS)
  await lockNode(server, { user: 'bob', workflow, id: 'mail', lastsS: 1_200 })
  await comment(server, workflow, 'Who reads this?')
  const page = await openPage()
  await page.addInitScript((aheadMs) => {
    const { now } = Date
    Date.now = () => now() + aheadMs
  }, 3 * HOUR_MS)
  await open(page, server, workflow)
  await page.getByRole('button', { name: 'Locks and mode' }).click()
  const lock = page.getByRole('article', { name: 'Node Send e-mail, locked by bob' })
  await lock.getByText(/^(20|19|18):\d\d left$/).waitFor()
  await page.getByRole('button', { name: /^Comments/ }).click()
  const thread = page.getByRole('article').filter({ hasText: 'Who reads this?' })
  await thread.getByText('just now').waitFor()
  await openList(page, { server, user: 'ann' })
  await page.getByText('Edited just now').first().waitFor()
})
