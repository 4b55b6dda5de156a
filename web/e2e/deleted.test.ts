/** What somebody else deletes while one works at it: one is told, and nothing is done by mistake. */

import type { Page } from 'playwright-core'
import { drag, drop, node, stored, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { nameField, select } from './harness/inspector'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

let count = 0

async function together(
  server: Server,
  openPage: () => Promise<Page>
): Promise<{ ann: Page; bob: Page; workflow: string }> {
  const workflow = `deleted-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  const [ann, bob] = [await openPage(), await openPage()]
  await openEditor(ann, { server, user: 'ann', workflow })
  await openEditor(bob, { server, user: 'bob', workflow })
  for (const page of [ann, bob]) {
    await node(page, 'ask').waitFor()
    await untilSaved(page)
  }
  return { ann, bob, workflow }
}

async function remove(page: Page, id: string): Promise<void> {
  await node(page, id).click()
  await page.keyboard.press('Delete')
}

async function isToolInHand(page: Page, name: string): Promise<boolean> {
  const tool = page.getByRole('button', { name, exact: true })
  return (await tool.getAttribute('aria-pressed')) === 'true'
}

test('the rest of a sentence does nothing to the canvas', async ({ server, openPage }) => {
  const { ann, bob, workflow } = await together(server, openPage)
  await select(ann, 'ask')
  await ann.getByRole('textbox', { name: 'Prompt' }).focus()
  await ann.keyboard.type('Because')
  await remove(bob, 'ask')
  await ann.getByText('‘Ask’ was deleted elsewhere').waitFor()
  await nameField(ann).waitFor({ state: 'detached' })
  await ann.keyboard.type(' nobody can chance it?')
  await ann.keyboard.press('Enter')
  await ann.keyboard.press('Backspace')
  await takeScreenshot(ann, 'deleted-elsewhere')
  expect(await isToolInHand(ann, 'Select')).toBe(true)
  expect(await ann.getByRole('dialog').count()).toBe(0)
  expect((await stored(server, workflow)).nodes.map(({ id }) => id)).toEqual(['mail'])

  // Who presses Escape, or something, has seen it.
  await ann.keyboard.press('Escape')
  await ann.keyboard.press('c')
  await expect.poll(() => isToolInHand(ann, 'Comment')).toBe(true)
})

test('the keys are the canvas’s again by a press', async ({ server, openPage }) => {
  const { ann, bob } = await together(server, openPage)
  await select(ann, 'ask')
  await nameField(ann).focus()
  await remove(bob, 'ask')
  await nameField(ann).waitFor({ state: 'detached' })
  await ann.keyboard.press('h')
  expect(await isToolInHand(ann, 'Select')).toBe(true)
  await node(ann, 'mail').click()
  await ann.keyboard.press('h')
  await expect.poll(() => isToolInHand(ann, 'Hand')).toBe(true)
})

test('who drags it is told; who deletes it is not', async ({ server, openPage }) => {
  const { ann, bob } = await together(server, openPage)
  await drag(ann, 'mail', { x: 0, y: 160 })
  await remove(bob, 'mail')
  const told = (page: Page) => page.getByText('‘Send e-mail’ was deleted elsewhere')
  await told(ann).waitFor()
  await drop(ann)
  await untilSaved(bob)
  expect(await told(bob).count()).toBe(0)
})

test('who has only an edge, or several steps, hears of that', async ({ server, openPage }) => {
  const { ann, bob } = await together(server, openPage)
  await ann.locator('.react-flow__edge[data-id="e1"]').focus()
  await ann.keyboard.press('Enter')
  await bob.locator('.react-flow__edge[data-id="e1"]').focus()
  await bob.keyboard.press('Enter')
  await bob.keyboard.press('Delete')
  await ann.getByText('The selected edge was deleted elsewhere').waitFor()

  await ann.keyboard.press('Control+a')
  await ann.getByText('2 nodes selected').waitFor()
  await bob.keyboard.press('Control+a')
  await bob.getByText('2 nodes selected').waitFor()
  await bob.keyboard.press('Delete')
  await ann.getByText('‘Ask’ and 1 more were deleted elsewhere').waitFor()
})
