/** What a pointer does on the canvas, done by keys: connecting, commenting, editing, following. */

import type { Locator, Page } from 'playwright-core'
import { checkAccessibility } from './harness/accessibility'
import { node, stored, storedLabel, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

const THREE_STEPS = {
  nodes: [
    ...TWO_STEPS.nodes,
    { id: 'file', type: 'agent', position: { x: 640, y: 240 }, data: { label: 'File it' } }
  ],
  edges: TWO_STEPS.edges
}

interface Comment {
  content: string
  context_type: string
  context_id: string | null
  point: { x: number; y: number } | null
}

let count = 0

async function openPlan(page: Page, server: Server): Promise<string> {
  const workflow = `keys-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...THREE_STEPS })
  await openEditor(page, { server, user: 'ann', workflow })
  await node(page, 'file').waitFor()
  await untilSaved(page)
  return workflow
}

async function comments(server: Server, workflow: string): Promise<Comment[]> {
  const path = `/api/collaboration/comments/${workflow}`
  const { items } = (await server.request('GET', path, { user: 'ann' })) as { items: Comment[] }
  return items
}

async function isFocused(locator: Locator): Promise<boolean> {
  return locator.evaluate((each) => each === document.activeElement)
}

async function expectFocus(locator: Locator): Promise<void> {
  await expect.poll(() => isFocused(locator)).toBe(true)
}

/** Said to those who listen to the screen. */
async function expectSaid(page: Page, words: RegExp | string): Promise<void> {
  await page.getByRole('status').filter({ hasText: words }).first().waitFor({ state: 'attached' })
}

/** By Tab alone, from the beginning of the page. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  for (let tabs = 0; tabs < 60; tabs++) {
    if (await isFocused(wanted)) return
    await page.keyboard.press('Tab')
  }
  throw new Error('Tab does not get there')
}

test('a step is connected to one chosen from a list', async ({ server, openPage }) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  const workflow = await openPlan(page, server)
  // By the names that people gave, not by ids.
  expect(await page.locator('.react-flow__edge').getAttribute('aria-label')).toBe(
    'Connection from Ask to Send e-mail'
  )
  await tabTo(page, node(page, 'ask'))
  await page.keyboard.press('l')
  const dialog = page.getByRole('dialog', { name: 'Connect “Ask” to…' })
  await dialog.waitFor()
  await expectFocus(dialog.getByRole('combobox', { name: 'Step to connect to' }))
  // Where an edge leads already is no choice.
  expect(await dialog.getByRole('option').allTextContents()).toEqual(['File itagent'])
  await checkAccessibility(page)
  await takeScreenshot(page, 'connect')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await expectFocus(node(page, 'ask'))
  expect((await stored(server, workflow)).edges).toHaveLength(1)

  await page.keyboard.press('Tab')
  await tabTo(page, node(page, 'file'))
  await page.keyboard.press('l')
  const list = page.getByRole('dialog', { name: 'Connect “File it” to…' })
  const chosen = list.getByRole('option', { selected: true })
  // The nearest first.
  await expect.poll(() => chosen.textContent()).toContain('Send e-mail')
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => chosen.textContent()).toContain('Ask')
  await page.keyboard.type('mail')
  await expect.poll(() => chosen.textContent()).toContain('Send e-mail')
  await page.keyboard.press('Enter')
  await list.waitFor({ state: 'detached' })
  await expectSaid(page, 'Connected to Send e-mail')
  await expectFocus(node(page, 'file'))
  await untilSaved(page)
  expect((await stored(server, workflow)).edges).toContainEqual(
    expect.objectContaining({ source: 'file', target: 'mail' })
  )
  await page.keyboard.press('Control+z')
  await expect.poll(async () => (await stored(server, workflow)).edges.length).toBe(1)
})

test('comments are put on a step, an edge and the canvas', async ({ server, openPage }) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  const workflow = await openPlan(page, server)
  const field = page.getByRole('textbox', { name: 'New comment' })
  const write = async (words: string) => {
    await page.keyboard.press('Enter')
    await expectFocus(field)
    await page.keyboard.type(words)
    await page.keyboard.press('Enter')
    await field.waitFor({ state: 'detached' })
  }

  await tabTo(page, node(page, 'mail'))
  await page.keyboard.press('c')
  await expectSaid(page, 'Enter comments on what has the focus')
  await write('To whom?')
  await expectFocus(node(page, 'mail'))

  const edge = page.locator('.react-flow__edge[data-id="e1"]')
  await edge.focus()
  await page.keyboard.press('c')
  await write('Always?')
  await expectFocus(edge)

  await edge.evaluate((element) => (element as unknown as SVGElement).blur())
  const view = page.locator('.react-flow__viewport')
  const place = () => view.evaluate((element) => (element as HTMLElement).style.transform)
  const before = await place()
  await page.keyboard.press('c')
  await page.locator('.ed-crosshair').waitFor()
  await page.keyboard.press('Shift+ArrowRight')
  await expect.poll(place).not.toBe(before)
  await write('Room for one more')

  const found = await comments(server, workflow)
  expect(
    found.map(({ content, context_type, context_id }) => [content, context_type, context_id])
  ).toEqual(
    expect.arrayContaining([
      ['To whom?', 'node', 'mail'],
      ['Always?', 'edge', 'e1'],
      ['Room for one more', 'canvas', null]
    ])
  )
  // In the middle of what was to be seen.
  const pin = page.getByRole('button', { name: /Room for one more/ })
  const box = await pin.boundingBox()
  expect(Math.abs((box?.x ?? 0) - 640)).toBeLessThan(32)
  expect(Math.abs((box?.y ?? 0) - 400)).toBeLessThan(32)

  await page.keyboard.press('c')
  await page.keyboard.press('Escape')
  await page.locator('.ed-crosshair').waitFor({ state: 'detached' })
})

test('Enter leads from a step into its fields, and Escape back', async ({ server, openPage }) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  const workflow = await openPlan(page, server)
  await tabTo(page, node(page, 'ask'))
  await page.keyboard.press('Enter')
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.waitFor()
  await expectFocus(node(page, 'ask'))
  await page.keyboard.press('Enter')
  await expectFocus(inspector.getByRole('textbox', { name: 'Name', exact: true }))
  await page.keyboard.press('Control+a')
  await page.keyboard.type('Ask nicely')
  await page.keyboard.press('Tab')
  await expectFocus(inspector.getByRole('textbox', { name: 'Type' }))
  // What is typed there and given up by the same key does not stay.
  await page.keyboard.type('nonsense')
  await page.keyboard.press('Escape')
  await expectFocus(node(page, 'ask'))
  await inspector.waitFor()
  await untilSaved(page)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Ask nicely')
  expect((await stored(server, workflow)).nodes.find(({ id }) => id === 'ask')).toMatchObject({
    type: 'agent'
  })
  await page.keyboard.press('Escape')
  await inspector.waitFor({ state: 'detached' })
})

test('somebody is followed, and no longer', async ({ server, openPage }) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  const bob = await openPage()
  const workflow = await openPlan(page, server)
  await openEditor(bob, { server, user: 'bob', workflow })
  await tabTo(page, page.getByRole('button', { name: 'Follow bob' }))
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /^Following bob/ }).waitFor()
  await expectSaid(page, 'You see what bob sees')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Following bob/ }).waitFor({ state: 'detached' })
  await expectSaid(page, 'You no longer see what bob sees')
})

test('what the keys do is listed, and told of each step', async ({ server, openPage }) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  await openPlan(page, server)
  const step = node(page, 'ask')
  expect(await step.getAttribute('aria-label')).toBe('Ask')
  const described = await step.getAttribute('aria-describedby')
  expect(await page.locator(`[id="${described ?? ''}"]`).textContent()).toContain('L connects it')
  await page.keyboard.press('?')
  const help = page.getByRole('dialog', { name: 'Keys' })
  for (const words of ['Connect to…', 'Into its fields, and back', 'Follow a person']) {
    await help.getByText(words).waitFor()
  }
  await checkAccessibility(page)
  await takeScreenshot(page, 'keys')
})
