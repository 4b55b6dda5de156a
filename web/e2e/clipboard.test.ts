/** Copy, cut and paste by keys: what is pasted is where one looks, or where it was. */

import type { Page } from 'playwright-core'
import { middle, node, stored, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

let count = 0

async function openPlan(page: Page, server: Server, graph: object = TWO_STEPS): Promise<string> {
  const workflow = `clipboard-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...graph })
  await openEditor(page, { server, user: 'ann', workflow })
  await page.locator('.react-flow__node').first().waitFor()
  await untilSaved(page)
  return workflow
}

/** Those that were there before are not among them. */
async function pasted(server: Server, workflow: string, before: string[]) {
  const { nodes } = await stored(server, workflow)
  return nodes.filter(({ id }) => !before.includes(id))
}

async function paste(page: Page): Promise<void> {
  await page.keyboard.press('Control+v')
  await page.locator('.react-flow__node.selected').first().waitFor()
}

async function expectInMiddle(page: Page): Promise<void> {
  const { x, y } = await middle(page.locator('.react-flow__node.selected'))
  expect(Math.abs(x - 640)).toBeLessThan(40)
  expect(Math.abs(y - 400)).toBeLessThan(40)
}

test('a copy goes to the middle of a view far from where it was', async ({ server, openPage }) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  await openPlan(page, server)
  await node(page, 'mail').click()
  await page.keyboard.press('Control+c')

  const far = { nodes: [{ id: 'far', position: { x: 20_000, y: 20_000 }, data: { label: 'Far' } }] }
  const workflow = await openPlan(page, server, { ...far, edges: [] })
  await node(page, 'far').waitFor()
  await paste(page)
  await expectInMiddle(page)
  await takeScreenshot(page, 'pasted-far')
  // Once more: beside the first, and not on it.
  await page.keyboard.press('Control+v')
  await untilSaved(page)
  await expect.poll(async () => (await pasted(server, workflow, ['far'])).length).toBe(2)
  const [first, second] = await pasted(server, workflow, ['far'])
  expect(second?.position.x).toBe((first?.position.x ?? 0) + 32)
  expect(second?.position.y).toBe((first?.position.y ?? 0) + 32)
})

test('a copy goes beside what it is of, or to where one has gone', async ({ server, openPage }) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  const workflow = await openPlan(page, server)
  const before = ['ask', 'mail']
  await node(page, 'ask').click()
  await page.keyboard.press('Control+c')
  await page.keyboard.press('Control+v')
  await expect.poll(async () => (await pasted(server, workflow, before)).length).toBe(1)
  const [copy] = await pasted(server, workflow, before)
  expect(copy?.position).toEqual({ x: 32, y: 32 })

  // The copy is selected.
  await page.keyboard.press('Control+c')
  await page.mouse.move(640, 600)
  await page.mouse.wheel(3_000, 3_000)
  await expect.poll(async () => (await middle(node(page, 'mail'))).x).toBeLessThan(-200)
  await page.keyboard.press('Control+v')
  await expect.poll(async () => (await pasted(server, workflow, before)).length).toBe(2)
  await expectInMiddle(page)
})

test('what is cut comes back to where it was, and a second time beside it', async ({
  server,
  openPage
}) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  const workflow = await openPlan(page, server)
  await node(page, 'mail').click()
  await page.keyboard.press('Control+x')
  await node(page, 'mail').waitFor({ state: 'detached' })
  await paste(page)
  await expect.poll(async () => (await pasted(server, workflow, ['ask'])).length).toBe(1)
  const [back] = await pasted(server, workflow, ['ask'])
  expect(back?.position).toEqual({ x: 320, y: 120 })
  await page.keyboard.press('Control+v')
  await expect.poll(async () => (await pasted(server, workflow, ['ask'])).length).toBe(2)
  const [, second] = await pasted(server, workflow, ['ask'])
  expect(second?.position).toEqual({ x: 352, y: 152 })
})
