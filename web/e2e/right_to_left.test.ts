/** Texts that are read from right to left, beside others that are not. */

import type { Locator } from 'playwright-core'
import { node, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { nameField, select } from './harness/inspector'
import { takeScreenshot } from './harness/screenshots'
import { expect, test } from './harness/test'

const QUESTION = 'מי אתה, Ann?'

function directionOf(text: Locator): Promise<string> {
  return text.evaluate((element) => getComputedStyle(element).direction)
}

test('each text has the direction that it is written in', async ({ server, openPage }) => {
  const workflow = 'right-to-left'
  const [ask, mail] = [
    { label: QUESTION, prompt: QUESTION },
    { label: 'Who are you?', prompt: 'Ann (אן) asks.' }
  ]
  await createWorkflow(server, {
    ...{ user: 'ann', id: workflow, name: QUESTION },
    nodes: [
      { id: 'ask', type: 'agent', position: { x: 0, y: 0 }, data: ask },
      { id: 'mail', type: 'agent', position: { x: 320, y: 0 }, data: mail },
      { id: 'note', type: 'note', position: { x: 0, y: 160 }, data: { text: QUESTION } }
    ],
    edges: []
  })
  await server.request('POST', '/api/collaboration/comments', {
    user: 'ann',
    body: { workflow_id: workflow, content: QUESTION }
  })
  const page = await openPage()
  await openEditor(page, { server, user: 'ann', workflow })
  await untilSaved(page)

  for (const [id, direction] of [
    ['ask', 'rtl'],
    ['mail', 'ltr']
  ] as const) {
    const card = node(page, id)
    expect(await directionOf(card.locator('.ed-node__title'))).toBe(direction)
    expect(await directionOf(card.locator('dd').first())).toBe(direction)
    await select(page, id)
    const prompt = page.getByRole('textbox', { name: 'Prompt', exact: true })
    for (const field of [nameField(page), prompt]) expect(await directionOf(field)).toBe(direction)
  }
  await takeScreenshot(page, 'right-to-left-inspector')
  expect(await directionOf(node(page, 'note').locator('p'))).toBe('rtl')
  const name = page.getByRole('textbox', { name: 'Name of the workflow' })
  expect(await directionOf(name)).toBe('rtl')

  await page.getByRole('button', { name: /^Comments(,|$)/ }).click()
  const comments = page.getByRole('region', { name: 'Comments' })
  expect(await directionOf(comments.getByText(QUESTION))).toBe('rtl')
  const composer = comments.getByRole('textbox', { name: 'New comment on the workflow' })
  expect(await directionOf(composer)).toBe('ltr')
  await composer.fill(QUESTION)
  expect(await directionOf(composer)).toBe('rtl')
  await takeScreenshot(page, 'right-to-left')
})
