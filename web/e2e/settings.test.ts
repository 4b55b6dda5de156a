/** The settings of a real workflow's nodes, which several people edit at once, and what locks and undo make of it. */

import { readFileSync } from 'node:fs'
import type { Locator, Page } from 'playwright-core'
import { node, stored, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor, openList } from './harness/editor'
import { REPOSITORY } from './harness/paths'
import type { Server } from './harness/server'
import { takeScreenshot } from './harness/screenshots'
import { expect, test } from './harness/test'

interface Graph {
  nodes: { id: string; type: string; data: { inputs: Record<string, unknown> } }[]
}

const NODE = 'conditionAgentAgentflow_0'
const REAL = JSON.parse(
  readFileSync(`${REPOSITORY}/tests/data/workflows/agents-handoff.json`, 'utf8')
) as Graph
const INPUTS = REAL.nodes.find(({ id }) => id === NODE)?.data.inputs ?? {}
const INSTRUCTIONS = String(INPUTS.conditionAgentInstructions)

let count = 0

async function imported(server: Server): Promise<string> {
  const workflow = `settings-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: `Handoff ${count}`, ...REAL })
  return workflow
}

/** Both with the same node open. */
async function together(server: Server, openPage: () => Promise<Page>) {
  const workflow = await imported(server)
  const [ann, bob] = [await openPage(), await openPage()]
  for (const [page, user] of [[ann, 'ann'] as const, [bob, 'bob'] as const]) {
    await openEditor(page, { server, user, workflow })
    await node(page, NODE).click()
    await field(page, 'Model').waitFor()
  }
  await ann.getByRole('button', { name: 'Follow bob' }).waitFor()
  return { ann, bob, workflow }
}

function field(page: Page, name: string): Locator {
  return page.getByRole('textbox', { name, exact: true })
}

async function storedNode(server: Server, workflow: string) {
  const { nodes } = (await stored(server, workflow)) as unknown as Graph
  const found = nodes.find(({ id }) => id === NODE)
  if (found === undefined) throw new Error('the node is gone')
  return found
}

async function storedInputs(server: Server, workflow: string) {
  return (await storedNode(server, workflow)).data.inputs
}

function lock(server: Server, workflow: string, user: string) {
  const body = { workflow_id: workflow, resource_type: 'node', resource_id: NODE }
  return server.request('POST', '/api/collaboration/locks/acquire', { user, body })
}

function unlock(server: Server, workflow: string, user: string) {
  const body = { workflow_id: workflow, resource_type: 'node', resource_id: NODE }
  return server.request('POST', '/api/collaboration/locks/release', { user, body })
}

test('two settings of one node, typed by two at the same time, are both kept', async ({
  server,
  openPage
}) => {
  const { ann, bob, workflow } = await together(server, openPage)
  await field(ann, 'Model').press('End')
  await field(bob, 'Instructions').press('Control+Home')
  await Promise.all([
    field(ann, 'Model').pressSequentially(' with a very long name of its own'),
    field(bob, 'Instructions').pressSequentially('Be polite at all times, please. ')
  ])
  const expected = {
    ...INPUTS,
    conditionAgentModel: 'chatOpenAI with a very long name of its own',
    conditionAgentInstructions: `Be polite at all times, please. ${INSTRUCTIONS}`
  }
  await expect.poll(() => storedInputs(server, workflow)).toEqual(expected)
  for (const page of [ann, bob]) {
    await expect.poll(() => field(page, 'Model').inputValue()).toBe(expected.conditionAgentModel)
    await expect
      .poll(() => field(page, 'Instructions').inputValue())
      .toBe(expected.conditionAgentInstructions)
  }
})

test('one long text, typed by two at the same time, keeps every letter and both carets', async ({
  server,
  openPage
}) => {
  const { ann, bob, workflow } = await together(server, openPage)
  const [anns, bobs] = [field(ann, 'Instructions'), field(bob, 'Instructions')]
  await anns.press('Control+End')
  await bobs.press('Control+Home')
  await Promise.all([
    anns.pressSequentially(' And thank them in the end.'),
    bobs.pressSequentially('Greet them in the beginning. '),
    ann.getByText('bob is typing…').waitFor(),
    bob.getByText('ann is typing…').waitFor()
  ])
  await takeScreenshot(ann, 'settings-typing')
  const expected = `Greet them in the beginning. ${INSTRUCTIONS} And thank them in the end.`
  await expect.poll(() => anns.inputValue()).toBe(expected)
  await expect.poll(() => bobs.inputValue()).toBe(expected)
  await expect
    .poll(async () => (await storedInputs(server, workflow)).conditionAgentInstructions)
    .toBe(expected)
})

test('who types is told at the field, and at no other', async ({ server, openPage }) => {
  const { ann, bob } = await together(server, openPage)
  await field(ann, 'Input').press('End')
  await field(ann, 'Input').pressSequentially('…')
  const typing = bob.getByText('ann is typing…')
  await typing.waitFor()
  expect(await typing.count()).toBe(1)
  await bob.locator('.coflow-field', { has: typing }).getByText('Input', { exact: true }).waitFor()
})

test('a lock that comes while one types ends it, with what the document has shown', async ({
  server,
  openPage
}) => {
  const { ann, bob, workflow } = await together(server, openPage)
  const bobs = field(bob, 'Instructions')
  await bobs.press('Control+Home')
  await bobs.pressSequentially('Bob: ')
  await untilSaved(bob)
  await lock(server, workflow, 'ann')
  await expect.poll(() => bobs.isEditable()).toBe(false)
  await bobs.press('Control+Home')
  await bobs.pressSequentially('too late')
  await takeScreenshot(bob, 'settings-locked')

  await field(ann, 'Instructions').press('Control+End')
  await field(ann, 'Instructions').pressSequentially(' Ann goes on.')
  const expected = `Bob: ${INSTRUCTIONS} Ann goes on.`
  await expect.poll(() => bobs.inputValue()).toBe(expected)
  await bob.getByRole('region', { name: 'Detect User Intention' }).press('Tab')
  await untilSaved(bob)
  await unlock(server, workflow, 'ann')
  await expect.poll(() => bobs.isEditable()).toBe(true)
  expect(await bobs.inputValue()).toBe(expected)
  expect((await storedInputs(server, workflow)).conditionAgentInstructions).toBe(expected)
})

test('each field is a step of undo, however soon one goes on to the next', async ({
  server,
  openPage
}) => {
  const { ann, workflow } = await together(server, openPage)
  // All in one moment: no pause parts the steps.
  await ann.clock.setFixedTime(new Date())
  await field(ann, 'Model').press('End')
  await field(ann, 'Model').pressSequentially('-4')
  await field(ann, 'Instructions').press('Control+Home')
  await field(ann, 'Instructions').pressSequentially('Hello. ')
  await field(ann, 'Model').press('End')
  await field(ann, 'Model').pressSequentially('-mini')
  const texts = async () => {
    const { conditionAgentModel, conditionAgentInstructions } = await storedInputs(server, workflow)
    return [conditionAgentModel, conditionAgentInstructions]
  }
  await expect.poll(texts).toEqual(['chatOpenAI-4-mini', `Hello. ${INSTRUCTIONS}`])
  const undo = ann.getByRole('button', { name: 'Undo' })
  await undo.click()
  await expect.poll(texts).toEqual(['chatOpenAI-4', `Hello. ${INSTRUCTIONS}`])
  await undo.click()
  await expect.poll(texts).toEqual(['chatOpenAI-4', INSTRUCTIONS])
  await undo.click()
  await expect.poll(texts).toEqual(['chatOpenAI', INSTRUCTIONS])
  await expect.poll(() => undo.isDisabled()).toBe(true)
  await ann.getByRole('button', { name: 'Redo' }).click()
  await expect.poll(texts).toEqual(['chatOpenAI-4', INSTRUCTIONS])
})

test('a field stays the same while its text grows long, is emptied, or looks like a variable', async ({
  server,
  openPage
}) => {
  const { ann, workflow } = await together(server, openPage)
  const model = field(ann, 'Model')
  const inputs = () => storedInputs(server, workflow)
  await model.press('Control+A')
  await model.press('Delete')
  await ann.keyboard.type('{{model}}')
  await expect.poll(async () => (await inputs()).conditionAgentModel).toBe('{{model}}')
  const long = ' and some more words that make it longer than one line'
  await ann.keyboard.type(long)
  await expect.poll(async () => (await inputs()).conditionAgentModel).toBe(`{{model}}${long}`)
  const name = field(ann, 'Name')
  await name.press('Control+A')
  await name.press('Delete')
  await ann.keyboard.type('Router')
  const data = async () => (await storedNode(server, workflow)).data as Record<string, unknown>
  await expect.poll(async () => (await data()).label).toBe('Router')
  expect((await data()).name).toBe('conditionAgentAgentflow')
})

test('a type that is half typed is kept on leaving the page, and given up with a word on a lock', async ({
  server,
  openPage
}) => {
  const workflow = await imported(server)
  const page = await openPage()
  await openList(page, { server, user: 'ann' })
  await page.getByRole('link', { name: new RegExp(`Handoff ${count}`) }).click()
  await node(page, NODE).click()
  await field(page, 'Type').fill('router')
  await page.goBack()
  await expect.poll(async () => (await storedNode(server, workflow)).type).toBe('router')

  await openEditor(page, { server, user: 'ann', workflow })
  await node(page, NODE).click()
  await field(page, 'Type').fill('switch')
  await lock(server, workflow, 'bob')
  await page.getByText('The type is not “switch”: the node cannot be changed now').waitFor()
  expect(await field(page, 'Type').inputValue()).toBe('router')
  expect(await field(page, 'Type').isEditable()).toBe(false)
  expect((await storedNode(server, workflow)).type).toBe('router')
})
