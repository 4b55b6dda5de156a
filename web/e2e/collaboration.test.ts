/** Two people on one canvas: each sees what the other does, and neither is in the other's way. */

import type { Page } from 'playwright-core'
import {
  drag,
  drop,
  expectSamePlace,
  middle,
  node,
  stored,
  storedLabel,
  storedPosition,
  TWO_STEPS,
  untilSaved
} from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { select } from './harness/inspector'
import type { Server } from './harness/server'
import { takeScreenshot } from './harness/screenshots'
import { expect, test } from './harness/test'

let count = 0

/** Ann, who owns the workflow, and Bob, both in it. */
async function together(
  server: Server,
  openPage: () => Promise<Page>
): Promise<{ ann: Page; bob: Page; workflow: string }> {
  const workflow = `together-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  const [ann, bob] = [await openPage(), await openPage()]
  await openEditor(ann, { server, user: 'ann', workflow })
  await openEditor(bob, { server, user: 'bob', workflow })
  await node(ann, 'ask').waitFor()
  await node(bob, 'ask').waitFor()
  await ann.getByRole('button', { name: 'Follow bob' }).waitFor()
  return { ann, bob, workflow }
}

async function lockSelected(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Lock', exact: true }).click()
  await page.getByText('Locked by you').first().waitFor()
}

test('who comes and goes is shown at once', async ({ server, openPage }) => {
  const { ann, bob } = await together(server, openPage)
  await ann.getByRole('button', { name: 'Locks and mode' }).click()
  const people = ann.getByRole('region', { name: 'People in this workflow' })
  await people.getByText('bob').waitFor()
  await people.getByText('You', { exact: true }).waitFor()
  await people.getByText('Owner').waitFor()
  await people.getByText('Editor').waitFor()
  await bob.context().close()
  await people.getByText('bob').waitFor({ state: 'detached' })
})

test('the cursor of another is where that one points, whatever the zoom and pan', async ({
  server,
  openPage
}) => {
  const { ann, bob } = await together(server, openPage)
  await ann.getByRole('button', { name: 'Zoom out' }).click()
  await ann.getByRole('button', { name: 'Zoom out' }).click()
  const target = await middle(node(bob, 'mail'))
  await bob.mouse.move(target.x - 3, target.y)
  await bob.mouse.move(target.x, target.y)
  const cursor = ann.locator('.coflow-cursor').first()
  await cursor.waitFor()
  await expect
    .poll(async () => {
      const [shown, wanted] = [await cursor.boundingBox(), await middle(node(ann, 'mail'))]
      if (shown === null) return 1_000
      return Math.hypot(shown.x - wanted.x, shown.y - wanted.y)
    })
    .toBeLessThan(8)
  await ann.locator('.coflow-cursor').getByText('bob').waitFor()
})

test('what another has selected is outlined in that one’s colour', async ({ server, openPage }) => {
  const { ann, bob } = await together(server, openPage)
  await select(bob, 'mail')
  const outline = ann.locator('.coflow-outline').first()
  await outline.waitFor()
  await expect
    .poll(async () => {
      const [box, at] = [await outline.boundingBox(), await node(ann, 'mail').boundingBox()]
      if (box === null || at === null) return false
      return Math.abs(box.x - at.x) < 8 && Math.abs(box.y - at.y) < 8
    })
    .toBe(true)
})

test('of several that another has selected all are outlined, and one is named', async ({
  server,
  openPage
}) => {
  const { ann, bob } = await together(server, openPage)
  await ann.keyboard.press('Control+a')
  const outlines = bob.locator('.coflow-outline')
  await expect.poll(() => outlines.count()).toBe(2)
  expect(await outlines.getByText('ann').count()).toBe(1)
  await ann.keyboard.press('Escape')
  await expect.poll(() => outlines.count()).toBe(0)
})

test('a drag is seen while it lasts, and is one change when it ends', async ({
  server,
  openPage
}) => {
  const { ann, bob, workflow } = await together(server, openPage)
  const before = await stored(server, workflow)
  const start = await middle(node(bob, 'ask'))
  await drag(ann, 'ask', { x: 0, y: 160 })
  // Seen by the other, and in no document yet.
  await expect.poll(async () => (await middle(node(bob, 'ask'))).y - start.y).toBeGreaterThan(100)
  expect(await storedPosition(server, workflow, 'ask')).toEqual({ x: 0, y: 0 })
  await drop(ann)
  await untilSaved(ann)
  await expect.poll(() => storedPosition(server, workflow, 'ask')).not.toEqual({ x: 0, y: 0 })
  await expectSamePlace(ann, bob, 'ask')
  const after = (await stored(server, workflow)) as unknown as { seq?: number }
  const first = before as unknown as { seq?: number }
  expect((after.seq ?? 0) - (first.seq ?? 0)).toBe(1)

  await ann.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(() => storedPosition(server, workflow, 'ask')).toEqual({ x: 0, y: 0 })
})

test('typing reaches the other letter by letter, who is told who types', async ({
  server,
  openPage
}) => {
  const { ann, bob, workflow } = await together(server, openPage)
  await select(ann, 'ask')
  await select(bob, 'ask')
  const [anns, bobs] = [ann, bob].map((page) => page.getByRole('textbox', { name: 'Prompt' }))
  await anns?.press('Control+End')
  await anns?.pressSequentially(' Because')
  await bob.getByText(/ann is typing/i).waitFor()
  await expect.poll(() => bobs?.inputValue()).toContain('Because')
  await bobs?.focus()
  await bobs?.press('Control+Home')
  await bobs?.pressSequentially('So: ')
  await expect.poll(() => anns?.inputValue()).toBe('So: Why? Because')
  await expect
    .poll(async () => (await stored(server, workflow)).nodes[0]?.data.prompt)
    .toBe('So: Why? Because')
})

test('a lock is shown to the other, keeps that one out, and lets go', async ({
  server,
  openPage
}) => {
  const { ann, bob, workflow } = await together(server, openPage)
  await select(ann, 'mail')
  await lockSelected(ann)
  await node(bob, 'mail').getByTitle('Locked by ann').waitFor()
  const start = await middle(node(bob, 'mail'))
  await drag(bob, 'mail', { x: 0, y: 120 })
  await drop(bob)
  await node(bob, 'mail').click()
  await bob.getByText('Locked by ann').first().waitFor()
  expect(await middle(node(bob, 'mail'))).toEqual(start)
  expect(await storedPosition(server, workflow, 'mail')).toEqual({ x: 320, y: 120 })
  await expect
    .poll(() => bob.getByRole('textbox', { name: 'Name', exact: true }).isEditable())
    .toBe(false)
  await takeScreenshot(bob, 'locked-node')

  // The holder goes on.
  await ann.getByRole('textbox', { name: 'Name', exact: true }).fill('Send a letter')
  await expect.poll(() => storedLabel(server, workflow, 'mail')).toBe('Send a letter')
  await ann
    .getByRole('button', { name: /unlock|release/i })
    .first()
    .click()
  await bob.getByText('Locked by ann').first().waitFor({ state: 'detached' })
  await bob.getByRole('textbox', { name: 'Name', exact: true }).fill('Send a card')
  await expect.poll(() => storedLabel(server, workflow, 'mail')).toBe('Send a card')
})

test('the locks panel takes, shows, extends and releases, and names who is in the way', async ({
  server,
  openPage
}) => {
  const { ann, bob, workflow } = await together(server, openPage)
  await server.request('POST', '/api/collaboration/locks/acquire', {
    user: 'ann',
    body: {
      workflow_id: workflow,
      resource_type: 'node',
      resource_id: 'ask',
      reason: 'Rewording',
      duration_minutes: 5
    }
  })
  await bob.getByRole('button', { name: 'Locks and mode' }).click()
  const shown = bob.getByRole('article', { name: 'Node Ask, locked by ann' })
  await shown.getByText('Rewording').waitFor()
  await shown.getByText(/[45]:\d\d left/).waitFor()
  await ann.getByRole('button', { name: 'Locks and mode' }).click()
  const own = ann.getByRole('article', { name: 'Node Ask, locked by you' })
  await own.getByRole('button', { name: 'Extend to 30 minutes' }).click()
  await expect.poll(() => own.textContent()).toMatch(/(29|30):\d\d left/)
  await own.getByRole('button', { name: 'Release' }).click()
  await shown.waitFor({ state: 'detached' })
  await bob.getByText('Nothing is locked').waitFor()
})

test('Escape takes a drag back, which the hand then ends for nothing', async ({
  server,
  openPage
}) => {
  const { ann, bob, workflow } = await together(server, openPage)
  const placeIn = (page: Page) => node(page, 'ask').evaluate((element) => element.style.transform)
  const before = await storedPosition(server, workflow, 'ask')
  const place = await placeIn(bob)
  await drag(ann, 'ask', { x: 96, y: 64 })
  await expect.poll(() => placeIn(bob)).not.toBe(place)
  await ann.keyboard.press('Escape')
  await ann.mouse.move(700, 500, { steps: 4 })
  expect(await placeIn(ann)).toBe(place)
  await drop(ann)
  await expect.poll(() => placeIn(bob)).toBe(place)
  expect(await placeIn(ann)).toBe(place)
  await drag(ann, 'ask', { x: 96, y: 64 })
  await drop(ann)
  await untilSaved(ann)
  expect(await storedPosition(server, workflow, 'ask')).not.toEqual(before)
})

test('undo takes back one’s own edits alone', async ({ server, openPage }) => {
  const { ann, bob, workflow } = await together(server, openPage)
  await select(ann, 'ask')
  await ann.getByRole('textbox', { name: 'Name', exact: true }).fill('Question')
  await expect.poll(() => storedLabel(server, workflow, 'ask')).toBe('Question')
  await select(bob, 'mail')
  await bob.getByRole('textbox', { name: 'Name', exact: true }).fill('Letter')
  await expect.poll(() => storedLabel(server, workflow, 'mail')).toBe('Letter')
  await ann.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(() => storedLabel(server, workflow, 'ask')).toBe('Ask')
  expect(await storedLabel(server, workflow, 'mail')).toBe('Letter')
  await expect.poll(() => ann.getByRole('button', { name: 'Undo' }).isDisabled()).toBe(true)
  await ann.getByRole('button', { name: 'Redo' }).click()
  await expect.poll(() => storedLabel(server, workflow, 'ask')).toBe('Question')
})

test('what one adds, joins and deletes the other has', async ({ server, openPage }) => {
  const { ann, bob, workflow } = await together(server, openPage)
  await ann.getByRole('button', { name: 'Add a step' }).click()
  await ann.mouse.click(640, 600)
  await expect.poll(() => bob.locator('.react-flow__node').count()).toBe(3)
  await expect.poll(async () => (await stored(server, workflow)).nodes.length).toBe(3)
  await node(bob, 'mail').click()
  await bob.keyboard.press('Delete')
  await node(ann, 'mail').waitFor({ state: 'detached' })
  await expect.poll(async () => (await stored(server, workflow)).edges.length).toBe(0)
})

test('a thread about a step: begun by one, answered and resolved by the other', async ({
  server,
  openPage
}) => {
  const { ann, bob } = await together(server, openPage)
  await ann.getByRole('button', { name: 'Comment', exact: true }).click()
  await node(ann, 'mail').click()
  const composer = ann.getByRole('textbox', { name: 'New comment', exact: true })
  await composer.fill('Is this the right address?')
  await composer.press('Control+Enter')
  const pin = bob.locator('.coflow-pin').first()
  await pin.waitFor()
  await bob.getByRole('button', { name: /^Comments(,|$)/ }).click()
  const panel = bob.getByRole('region', { name: 'Comments' })
  await panel.getByText('Is this the right address?').waitFor()
  await panel.getByRole('button', { name: 'Reply', exact: true }).click()
  const reply = panel.getByRole('textbox', { name: 'Reply' }).first()
  await reply.fill('It is.')
  await reply.press('Control+Enter')
  await panel.getByText('It is.').waitFor()
  // Sent, and the field free for the next one.
  await expect.poll(() => reply.inputValue()).toBe('')
  await takeScreenshot(bob, 'comments')
  await ann.getByRole('button', { name: /^Comments(,|$)/ }).click()
  await ann.getByRole('region', { name: 'Comments' }).getByText('1 reply').click()
  await ann.getByRole('region', { name: 'Comments' }).getByText('It is.').waitFor()
  await panel
    .getByRole('button', { name: /resolve/i })
    .first()
    .click()
  await pin.waitFor({ state: 'detached' })
})

test('following another shows what that one sees', async ({ server, openPage }) => {
  const { ann, bob } = await together(server, openPage)
  await ann.getByRole('button', { name: 'Follow bob' }).click()
  await ann.getByText(/following bob/i).waitFor()
  for (let times = 0; times < 3; times++)
    await bob.getByRole('button', { name: 'Zoom out' }).click()
  const zoom = (page: Page) => page.locator('.react-flow__viewport').evaluate(zoomOf)
  await expect.poll(async () => Math.abs((await zoom(ann)) - (await zoom(bob)))).toBeLessThan(0.01)
  await ann.keyboard.press('Escape')
  await ann.getByText(/following bob/i).waitFor({ state: 'detached' })
})

function zoomOf(viewport: HTMLElement): number {
  return new DOMMatrix(getComputedStyle(viewport).transform).a
}
