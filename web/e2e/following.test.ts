/** Following somebody whose window has another size: the same middle, and a way out of it in reach. */

import type { BrowserContextOptions, Page } from 'playwright-core'
import { node, TWO_STEPS } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

const SMALL: BrowserContextOptions = { viewport: { width: 700, height: 500 } }
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 800 },
  hasTouch: true,
  isMobile: true
}

let count = 0

async function newWorkflow(server: Server): Promise<string> {
  const workflow = `following-${++count}`
  const name = 'A plan whose name is long enough to reach the middle of the window'
  await createWorkflow(server, { user: 'ann', id: workflow, name, ...TWO_STEPS })
  return workflow
}

interface View {
  x: number
  y: number
  zoom: number
}

/** The place of the flow that is in the middle of a window. */
function viewOf(page: Page): Promise<View> {
  return page.locator('.react-flow__viewport').evaluate((viewport) => {
    const { e, f, a: zoom } = new DOMMatrix(getComputedStyle(viewport).transform)
    return { x: (innerWidth / 2 - e) / zoom, y: (innerHeight / 2 - f) / zoom, zoom }
  })
}

async function expectSameMiddle(one: Page, other: Page): Promise<void> {
  await expect
    .poll(async () => {
      const [a, b] = [await viewOf(one), await viewOf(other)]
      return Math.hypot(a.x - b.x, a.y - b.y)
    })
    .toBeLessThan(1)
}

async function follow(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Follow ${name}` }).click()
  await page.getByRole('button', { name: `Following ${name}` }).waitFor()
}

async function scroll(page: Page, x: number, y: number): Promise<void> {
  await page.mouse.move(640, 400)
  await page.mouse.wheel(x, y)
}

for (const [title, options] of [
  ['a small window', SMALL],
  ['a phone', PHONE]
] as const) {
  test(`who follows from ${title} has the leader’s middle in the middle`, async ({
    server,
    openPage
  }) => {
    const workflow = await newWorkflow(server)
    const [ann, bob] = [await openPage(), await openPage(options)]
    await openEditor(ann, { server, user: 'ann', workflow })
    await openEditor(bob, { server, user: 'bob', workflow })
    await node(ann, 'ask').waitFor()
    await scroll(ann, 300, -200)
    await follow(bob, 'ann')
    await expectSameMiddle(ann, bob)
    await scroll(ann, -500, 100)
    await expectSameMiddle(ann, bob)
    // The window of who leads has a middle of its own.
    await ann.setViewportSize({ width: 900, height: 640 })
    await expectSameMiddle(ann, bob)
    await takeScreenshot(bob, `following-${title.replace(/\W/g, '-')}`)

    // Nothing lies over it: a click arrives.
    const stop = bob.getByRole('button', { name: 'Following ann' })
    await stop.click()
    await stop.waitFor({ state: 'detached' })
    const before = await viewOf(bob)
    await scroll(ann, 200, 200)
    await bob.getByRole('button', { name: 'Follow ann' }).waitFor()
    expect(await viewOf(bob)).toEqual(before)
  })
}

test('two who follow each other stay where they are', async ({ server, openPage }) => {
  const workflow = await newWorkflow(server)
  const [ann, bob] = [await openPage(), await openPage(SMALL)]
  await openEditor(ann, { server, user: 'ann', workflow })
  await openEditor(bob, { server, user: 'bob', workflow })
  await node(ann, 'ask').waitFor()
  await follow(bob, 'ann')
  await expectSameMiddle(ann, bob)
  const before = await viewOf(ann)
  await follow(ann, 'bob')
  // Whatever went back and forth meanwhile went before what is told by the pointer.
  for (const page of [ann, bob, ann, bob]) {
    const cursor = (page === ann ? bob : ann).locator('.coflow-cursor[data-shown="true"]')
    await page.mouse.move(300, 300)
    await page.mouse.move(310, 310)
    await cursor.waitFor()
    await page.mouse.move(20, 20)
    await cursor.waitFor({ state: 'detached' })
  }
  const after = await viewOf(ann)
  expect(after.zoom).toBeCloseTo(before.zoom, 2)
  expect(after.x).toBeCloseTo(before.x, 0)
  await expectSameMiddle(ann, bob)
})
