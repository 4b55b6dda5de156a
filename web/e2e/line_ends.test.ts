/** Texts whose lines end as another system's do, in fields that know one kind of line end alone. */

import { node, stored, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { expect, test } from './harness/test'

test('two who type at once into a text with foreign line ends keep what both type, and the line ends', async ({
  server,
  openPage
}) => {
  const workflow = 'foreign-lines'
  const prompt = 'first\r\nsecond\r\nthird'
  await createWorkflow(server, {
    ...{ user: 'ann', id: workflow, name: 'Plan' },
    nodes: [{ id: 'ask', type: 'agent', position: { x: 0, y: 0 }, data: { label: 'Ask', prompt } }],
    edges: []
  })
  const [ann, bob] = [await openPage(), await openPage()]
  const fields = []
  for (const [page, user] of [[ann, 'ann'] as const, [bob, 'bob'] as const]) {
    await openEditor(page, { server, user, workflow })
    await node(page, 'ask').click()
    fields.push(page.getByRole('textbox', { name: 'Prompt', exact: true }))
  }
  const [annsField, bobsField] = fields as [(typeof fields)[0], (typeof fields)[0]]
  await annsField.press('Control+Home')
  await bobsField.press('Control+Home')
  await bobsField.press('ArrowDown')
  await bobsField.press('End')
  await Promise.all([
    annsField.pressSequentially('At the beginning stands the '),
    bobsField.pressSequentially(' by Bob, who writes\nlines')
  ])
  const expected =
    'At the beginning stands the first\r\nsecond by Bob, who writes\r\nlines\r\nthird'
  for (const field of [annsField, bobsField]) {
    await expect.poll(() => field.inputValue()).toBe(expected.replaceAll('\r\n', '\n'))
  }
  for (const page of [ann, bob]) await untilSaved(page)
  expect((await stored(server, workflow)).nodes[0]?.data.prompt).toBe(expected)
})
