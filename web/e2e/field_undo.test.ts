/** Undo by keys in a text that two people type in: each takes back what is one's own. */

import type { Locator, Page } from 'playwright-core'
import { stored, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { nameField, select } from './harness/inspector'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

let count = 0

/** Ann and Bob with the same text open. */
async function together(server: Server, openPage: () => Promise<Page>) {
  const workflow = `field-undo-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  const pages = [await openPage(), await openPage()] as const
  for (const [page, user] of [[pages[0], 'ann'] as const, [pages[1], 'bob'] as const]) {
    await openEditor(page, { server, user, workflow })
    await select(page, 'ask')
  }
  const [ann, bob] = pages
  return { ann, bob, workflow, anns: prompt(ann), bobs: prompt(bob) }
}

function prompt(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Prompt', exact: true })
}

/** As the browser's menu does it: no key that the page could know it by. */
async function chooseUndo(page: Page): Promise<void> {
  const browser = await page.context().newCDPSession(page)
  const key = { key: 'F13', code: 'F13', windowsVirtualKeyCode: 124 }
  await browser.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key, commands: ['undo'] })
  await browser.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key })
}

function caret(field: Locator): Promise<number | null> {
  return field.evaluate((element) => (element as HTMLTextAreaElement).selectionStart)
}

test('keys undo and redo one’s own typing, though another has typed in the same text since', async ({
  server,
  openPage
}) => {
  const { ann, workflow, anns, bobs } = await together(server, openPage)
  await anns.press('Home')
  await anns.pressSequentially('AAAAA')
  await expect.poll(() => bobs.inputValue()).toBe('AAAAAWhy?')
  await bobs.press('End')
  await bobs.pressSequentially('BBBBB')
  await expect.poll(() => anns.inputValue()).toBe('AAAAAWhy?BBBBB')

  await anns.press('Control+z')
  await expect.poll(() => anns.inputValue()).toBe('Why?BBBBB')
  expect(await caret(anns)).toBe(0)
  await anns.press('Control+Shift+z')
  await expect.poll(() => anns.inputValue()).toBe('AAAAAWhy?BBBBB')
  await anns.press('Control+z')
  await anns.press('Control+y')
  await expect.poll(() => bobs.inputValue()).toBe('AAAAAWhy?BBBBB')

  await bobs.press('Control+z')
  await expect.poll(() => anns.inputValue()).toBe('AAAAAWhy?')
  // Nothing of the keys was an edit of its own, which the button would take back.
  await ann.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(() => bobs.inputValue()).toBe('Why?')
  await expect.poll(() => ann.getByRole('button', { name: 'Undo' }).isDisabled()).toBe(true)
  await untilSaved(ann)
  expect((await stored(server, workflow)).nodes[0]?.data.prompt).toBe('Why?')
})

test('the browser’s own undo, as of its menu, is one’s own undo in the document', async ({
  server,
  openPage
}) => {
  const { ann, anns, bobs } = await together(server, openPage)
  await anns.press('End')
  await anns.pressSequentially(' Tell us.')
  await expect.poll(() => bobs.inputValue()).toBe('Why? Tell us.')
  await chooseUndo(ann)
  await expect.poll(() => bobs.inputValue()).toBe('Why?')
  await ann.getByRole('button', { name: 'Redo' }).click()
  await expect.poll(() => bobs.inputValue()).toBe('Why? Tell us.')
})

test('what is no text of the document keeps the browser’s undo', async ({ server, openPage }) => {
  const { ann } = await together(server, openPage)
  await nameField(ann).fill('Question')
  const name = ann.getByRole('textbox', { name: 'Name of the workflow' })
  await name.press('End')
  await name.pressSequentially('s')
  await name.press('Control+z')
  await expect.poll(() => name.inputValue()).toBe('Plan')
  expect(await nameField(ann).inputValue()).toBe('Question')
})
