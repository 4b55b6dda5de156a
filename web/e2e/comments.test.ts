/** Comments about what is deleted, and comments that are not finished. */

import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { middle, node, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

let count = 0

async function together(
  server: Server,
  openPage: (options?: BrowserContextOptions) => Promise<Page>
) {
  const workflow = `comments-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  // Places are compared: nothing may be on its way there.
  const [ann, bob] = [await openPage({ reducedMotion: 'reduce' }), await openPage()]
  await openEditor(ann, { server, user: 'ann', workflow })
  await openEditor(bob, { server, user: 'bob', workflow })
  await node(ann, 'ask').waitFor()
  await node(bob, 'ask').waitFor()
  return { ann, bob, workflow }
}

function comment(server: Server, workflow: string, type: string, id: string, content: string) {
  const body = { workflow_id: workflow, content, context_type: type, context_id: id }
  return server.request('POST', '/api/collaboration/comments', { user: 'bob', body })
}

async function remove(page: Page, id: string): Promise<void> {
  await node(page, id).click()
  await page.keyboard.press('Delete')
}

/** What each thread of the panel is headed by. */
function headings(page: Page): Promise<string[]> {
  return page.locator('.coflow-thread__context').allInnerTexts()
}

function composer(page: Page): Locator {
  return page.getByRole('textbox', { name: 'New comment', exact: true })
}

/** Begin a comment on a node. */
async function beginOn(page: Page, id: string): Promise<void> {
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  await node(page, id).click()
  await composer(page).waitFor()
}

test('threads about a step and a connection say that these are deleted, until they are back', async ({
  server,
  openPage
}) => {
  const { ann, bob, workflow } = await together(server, openPage)
  await comment(server, workflow, 'edge', 'e1', 'Why this way?')
  await comment(server, workflow, 'node', 'ask', 'Whom?')
  await ann.getByRole('button', { name: /^Comments(,|$)/ }).click()
  await expect.poll(() => headings(ann)).toEqual(['Ask', 'Ask → Send e-mail'])
  const pins = ann.locator('.coflow-pin')
  await expect.poll(() => pins.count()).toBe(2)

  await remove(bob, 'ask')
  await expect.poll(() => headings(ann)).toEqual(['Deleted step', 'Deleted connection'])
  await expect.poll(() => ann.locator('.coflow-pin[data-gone]').count()).toBe(2)
  await takeScreenshot(ann, 'comments-on-deleted')
  await ann.reload()
  await ann.getByRole('button', { name: /^Comments(,|$)/ }).click()
  await expect.poll(() => headings(ann)).toEqual(['Deleted step', 'Deleted connection'])
  await bob.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(() => headings(ann)).toEqual(['Ask', 'Ask → Send e-mail'])
  await expect.poll(() => ann.locator('.coflow-pin[data-gone]').count()).toBe(0)
})

test('a comment that is being written on a step stays in its place when the step is deleted', async ({
  server,
  openPage
}) => {
  const { ann, bob } = await together(server, openPage)
  await beginOn(ann, 'mail')
  await composer(ann).pressSequentially('Is this ')
  const pin = ann.locator('.coflow-pin')
  const [pinAt, bubbleAt] = [await middle(pin), await middle(composer(ann))]
  await remove(bob, 'mail')
  await node(ann, 'mail').waitFor({ state: 'detached' })
  await composer(ann).pressSequentially('needed?')
  expect(await middle(pin)).toEqual(pinAt)
  expect(await middle(composer(ann))).toEqual(bubbleAt)
  await composer(ann).press('Enter')

  // With a place that everybody knows.
  await bob.getByRole('button', { name: /^Comment by ann: Is this needed/ }).waitFor()
  await composer(ann).waitFor({ state: 'detached' })
  await untilSaved(ann)
  await expect.poll(() => middle(pin)).toEqual(pinAt)
})

test('a half-written comment is not thrown away without a question', async ({
  server,
  openPage
}) => {
  const { ann } = await together(server, openPage)
  const question = ann.getByRole('alertdialog', { name: 'Discard this comment?' })
  await beginOn(ann, 'mail')
  await composer(ann).pressSequentially('Half a')
  await ann.mouse.click(640, 640)
  await question.waitFor()
  await takeScreenshot(ann, 'comment-discard')
  await question.getByRole('button', { name: 'Cancel' }).click()
  await question.waitFor({ state: 'detached' })
  // One goes on where one was.
  await expect.poll(() => composer(ann).evaluate((field) => field.matches(':focus'))).toBe(true)
  await ann.keyboard.type(' comment')
  expect(await composer(ann).inputValue()).toBe('Half a comment')

  await composer(ann).press('Escape')
  await question.getByRole('button', { name: 'Discard' }).click()
  await composer(ann).waitFor({ state: 'detached' })
  await expect.poll(() => ann.locator('.coflow-pin').count()).toBe(0)

  // Nothing is written: there is nothing to ask.
  await beginOn(ann, 'mail')
  await ann.mouse.click(640, 640)
  await composer(ann).waitFor({ state: 'detached' })
  expect(await question.count()).toBe(0)
})
