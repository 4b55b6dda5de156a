/** A workflow from nothing: steps that are named as they come, what they hold, and words on what joins them. */

import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { describe } from 'vitest'
import { checkAccessibility } from './harness/accessibility'
import { middle, stored, untilSaved } from './harness/canvas'
import { createWorkflow, lockNode, openEditor } from './harness/editor'
import { nameField, select } from './harness/inspector'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import { arrive, makeLink } from './harness/visits'

const FILLED = {
  nodes: [
    {
      id: 'ask',
      type: 'step',
      position: { x: 0, y: 0 },
      data: { label: 'Ask', prompt: 'Why?', retries: 3, stream: true, tags: ['a'] }
    },
    { id: 'mail', type: 'step', position: { x: 320, y: 120 }, data: { label: 'Send e-mail' } }
  ],
  edges: [{ id: 'e1', source: 'ask', target: 'mail' }]
}
const EMPTY = { nodes: [], edges: [] }

let count = 0

async function openPlan(page: Page, server: Server, graph: object = FILLED): Promise<string> {
  const workflow = `content-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...graph })
  await openEditor(page, { server, user: 'ann', workflow })
  await page.locator('.ed-flow[data-ready]').waitFor()
  await untilSaved(page)
  return workflow
}

async function dataOf(server: Server, workflow: string, label: string) {
  const { nodes } = await stored(server, workflow)
  return nodes.find(({ data }) => data.label === label)?.data
}

async function labels(server: Server, workflow: string) {
  const { edges } = await stored(server, workflow)
  return (edges as { label?: string }[]).map(({ label }) => label)
}

async function isFocused(locator: Locator): Promise<boolean> {
  return locator.evaluate((each) => each === document.activeElement)
}

async function expectFocus(locator: Locator): Promise<void> {
  await expect.poll(() => isFocused(locator)).toBe(true)
}

async function tabTo(page: Page, wanted: Locator): Promise<void> {
  for (let tabs = 0; tabs < 60; tabs++) {
    if ((await wanted.count()) > 0 && (await isFocused(wanted))) return
    await page.keyboard.press('Tab')
  }
  throw new Error('Tab does not get there')
}

const field = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true })
const number = (page: Page, name: string) => page.getByRole('spinbutton', { name, exact: true })
const toggle = (page: Page, name: string) => page.getByRole('switch', { name, exact: true })
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const form = (page: Page) => page.getByRole('form', { name: 'New field' })
const edge = (page: Page) => page.locator('.react-flow__edge')

async function addField(page: Page, name: string, kind = 'Text'): Promise<void> {
  await button(page, 'Add a field').click()
  await form(page).getByLabel('Name of the field').fill(name)
  await form(page).getByLabel('Kind').selectOption(kind)
  await form(page).getByRole('button', { name: 'Add', exact: true }).click()
}

/** With the pointer, where its line is. */
async function clickEdge(page: Page): Promise<void> {
  const point = await page.locator('.react-flow__edge-path').evaluate((path) => {
    const line = path as SVGPathElement
    const at = line.getPointAtLength(line.getTotalLength() / 2)
    const { x, y } = at.matrixTransform(line.getScreenCTM() ?? undefined)
    return { x, y }
  })
  await page.mouse.click(point.x, point.y)
}

test('a workflow is built from nothing with a mouse, and another person sees it', async ({
  server,
  openPage
}) => {
  const [page, bob] = [await openPage({ reducedMotion: 'reduce' }), await openPage()]
  const workflow = await openPlan(page, server, EMPTY)
  await openEditor(bob, { server, user: 'bob', workflow })
  await page.mouse.dblclick(240, 300)
  await page.keyboard.type('Check cash')
  await button(page, 'Add a field').click()
  await form(page).getByRole('button', { name: 'Prompt' }).click()
  await expectFocus(field(page, 'Prompt'))
  await page.keyboard.type('How much is there?')
  await addField(page, 'Max tokens', 'Number')
  await expectFocus(number(page, 'Max tokens'))
  await page.keyboard.type('512.5')
  await addField(page, 'Stream', 'Yes or no')
  await toggle(page, 'Stream').click()
  await expect
    .poll(() => dataOf(server, workflow, 'Check cash'))
    .toEqual({ label: 'Check cash', prompt: 'How much is there?', max_tokens: 512.5, stream: true })

  await button(page, 'Add a step').click()
  await page.mouse.click(640, 440)
  await page.keyboard.type('Pay')
  await expect.poll(() => dataOf(server, workflow, 'Pay')).toEqual({ label: 'Pay' })
  const card = (name: string) => page.locator('.react-flow__node').filter({ hasText: name })
  const from = await middle(card('Check cash').locator('.react-flow__handle.source'))
  const to = await middle(card('Pay').locator('.react-flow__handle.target'))
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move(to.x, to.y, { steps: 8 })
  await page.mouse.up()
  await edge(page).waitFor({ state: 'attached' })
  await clickEdge(page)
  await field(page, 'Label').fill('if there is enough')
  await page.keyboard.press('Enter')
  await expect.poll(() => labels(server, workflow)).toEqual(['if there is enough'])
  await edge(page).getByText('if there is enough').waitFor()
  await takeScreenshot(page, 'content-edge')

  await edge(bob).getByText('if there is enough').waitFor()
  await bob.locator('.react-flow__node').filter({ hasText: 'Check cash' }).click()
  expect(await field(bob, 'Prompt').inputValue()).toBe('How much is there?')
  expect(await number(bob, 'Max tokens').inputValue()).toBe('512.5')
  expect(await toggle(bob, 'Stream').isChecked()).toBe(true)

  await field(page, 'Label').fill('')
  await page.keyboard.press('Enter')
  await expect.poll(() => labels(server, workflow)).toEqual([undefined])
  await edge(bob).getByText('if there is enough').waitFor({ state: 'detached' })
})

test('and by keys alone', async ({ server, openPage }) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  const workflow = await openPlan(page, server, EMPTY)
  await page.keyboard.press('n')
  await page.keyboard.press('Enter')
  await page.keyboard.type('Check cash')
  await expectFocus(nameField(page))
  await tabTo(page, button(page, 'Add a field'))
  await page.keyboard.press('Enter')
  await expectFocus(form(page).getByLabel('Name of the field'))
  await page.keyboard.press('Escape')
  await form(page).waitFor({ state: 'detached' })
  await expectFocus(button(page, 'Add a field'))
  await page.keyboard.press('Enter')
  await page.keyboard.type('Instructions')
  await page.keyboard.press('Enter')
  await expectFocus(field(page, 'Instructions'))
  await page.keyboard.type('Count twice.')
  await tabTo(page, button(page, 'Add a field'))
  await page.keyboard.press('Space')
  await page.keyboard.type('urgent')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Y')
  await tabTo(page, form(page).getByRole('button', { name: 'Add', exact: true }))
  await page.keyboard.press('Enter')
  await expectFocus(toggle(page, 'Urgent'))
  await page.keyboard.press('Space')
  await expect
    .poll(() => dataOf(server, workflow, 'Check cash'))
    .toEqual({ label: 'Check cash', instructions: 'Count twice.', urgent: true })
  await page.keyboard.press('Escape')
  await expectFocus(page.locator('.react-flow__node'))

  await page.keyboard.press('n')
  await page.keyboard.press('Enter')
  await page.keyboard.type('Pay')
  await page.keyboard.press('Escape')
  await expectFocus(page.locator('.react-flow__node').filter({ hasText: 'Pay' }))
  await page.keyboard.press('l')
  await page.getByRole('option', { selected: true }).waitFor()
  await page.keyboard.press('Enter')
  await edge(page).waitFor({ state: 'attached' })
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await tabTo(page, edge(page))
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Edge' }).waitFor()
  await page.keyboard.press('Enter')
  await expectFocus(field(page, 'Label'))
  await page.keyboard.type('then')
  await page.keyboard.press('Enter')
  await expect.poll(() => labels(server, workflow)).toEqual(['then'])
  await page.keyboard.press('Escape')
  await expectFocus(edge(page))
})

test('a prompt that begins empty is typed together from its first letter', async ({
  server,
  openPage
}) => {
  const [page, bob] = [await openPage(), await openPage()]
  const workflow = await openPlan(page, server)
  await openEditor(bob, { server, user: 'bob', workflow })
  for (const each of [page, bob]) await select(each, 'mail')
  await button(page, 'Add a field').click()
  await form(page).getByLabel('Name of the field').fill('PROMPT')
  await page.keyboard.press('Enter')
  await field(bob, 'Prompt').waitFor()
  await Promise.all([
    field(page, 'Prompt').pressSequentially('aaaaaaaa'),
    field(bob, 'Prompt').pressSequentially('bbbbbbbb')
  ])
  const prompt = async () => String((await dataOf(server, workflow, 'Send e-mail'))?.prompt)
  await expect.poll(prompt).toMatch(/^(?=(b*a){8}b*$)(?=(a*b){8}a*$)/)
})

test('a field is given a good name, or it is said why not', async ({ server, openPage }) => {
  const page = await openPage()
  const workflow = await openPlan(page, server)
  const before = await dataOf(server, workflow, 'Ask')
  await select(page, 'ask')
  const refusals = {
    '  ': 'It needs a name',
    Retries: '“Retries” is there already',
    name: '“Name” has a meaning of its own: choose another name',
    inputs: '“Inputs” has a meaning of its own: choose another name'
  }
  await button(page, 'Add a field').click()
  // What is there is not offered.
  expect(await form(page).getByRole('button', { name: 'Prompt' }).count()).toBe(0)
  await form(page).getByRole('button', { name: 'Description' }).waitFor()
  for (const [name, words] of Object.entries(refusals)) {
    await form(page).getByLabel('Name of the field').fill(name)
    await page.keyboard.press('Enter')
    await form(page).getByText(words).waitFor()
  }
  await form(page).getByRole('button', { name: 'Cancel' }).click()
  await untilSaved(page)
  expect(await dataOf(server, workflow, 'Ask')).toEqual(before)
})

test('what is added, set and removed are steps of undo', async ({ server, openPage }) => {
  const page = await openPage()
  const workflow = await openPlan(page, server)
  const data = () => dataOf(server, workflow, 'Ask')
  const before = await data()
  await select(page, 'ask')
  await number(page, 'Retries').fill('')
  await number(page, 'Retries').pressSequentially('12')
  await expect.poll(data).toEqual({ ...before, retries: 12 })
  await toggle(page, 'Stream').click()
  await expect.poll(data).toEqual({ ...before, retries: 12, stream: false })
  await field(page, 'Prompt').hover()
  await button(page, 'Remove Prompt').click()
  await field(page, 'Prompt').waitFor({ state: 'detached' })
  await expectFocus(button(page, 'Add a field'))
  const { prompt, ...rest } = before ?? {}
  await expect.poll(data).toEqual({ ...rest, retries: 12, stream: false })
  await addField(page, 'Note')
  await expectFocus(field(page, 'Note'))
  await page.keyboard.type('Mind the gap')
  await expect.poll(data).toEqual({ ...rest, retries: 12, stream: false, note: 'Mind the gap' })

  const undo = button(page, 'Undo')
  for (const expected of [
    { ...rest, retries: 12, stream: false, note: '' },
    { ...rest, retries: 12, stream: false },
    { ...rest, retries: 12, stream: false, prompt },
    { ...before, retries: 12 },
    before
  ]) {
    await undo.click()
    await expect.poll(data).toEqual(expected)
  }
  await expect.poll(() => undo.isDisabled()).toBe(true)
})

test('a number stays what it is while one scrolls, or types what is none', async ({
  server,
  openPage
}) => {
  const page = await openPage()
  const workflow = await openPlan(page, server)
  await select(page, 'ask')
  const retries = number(page, 'Retries')
  await retries.click()
  await page.mouse.wheel(0, 100)
  await expect.poll(() => isFocused(retries)).toBe(false)
  await retries.fill('')
  await page.keyboard.type('-')
  await page.keyboard.press('Tab')
  expect(await retries.inputValue()).toBe('3')
  await untilSaved(page)
  expect(await dataOf(server, workflow, 'Ask')).toMatchObject({ retries: 3 })
})

test('what another locks meanwhile is not changed, and one is told', async ({
  server,
  openPage
}) => {
  const page = await openPage()
  const workflow = await openPlan(page, server)
  const before = await stored(server, workflow)
  await clickEdge(page)
  await field(page, 'Label').fill('perhaps')
  await server.request('POST', '/api/collaboration/locks/acquire', {
    user: 'bob',
    body: { workflow_id: workflow, resource_type: 'edge', resource_id: 'e1' }
  })
  await page.getByText('The label is not “perhaps”: the edge cannot be changed now').waitFor()
  expect(await field(page, 'Label').inputValue()).toBe('')
  expect(await field(page, 'Label').isEditable()).toBe(false)

  await select(page, 'ask')
  await button(page, 'Add a field').click()
  await form(page).getByLabel('Name of the field').fill('Tone')
  await lockNode(server, { user: 'bob', workflow, id: 'ask' })
  await page.getByText('Locked by bob').first().waitFor()
  await page.keyboard.press('Enter')
  await form(page).getByText('The step cannot be changed now').waitFor()
  await takeScreenshot(page, 'content-locked')
  await form(page).getByRole('button', { name: 'Cancel' }).click()
  await expectNothingToEdit(page)
  expect(await stored(server, workflow)).toEqual(before)
})

/** With `ask` selected: all is to be seen, nothing to be changed. */
async function expectNothingToEdit(page: Page): Promise<void> {
  expect(await field(page, 'Prompt').isEditable()).toBe(false)
  expect(await number(page, 'Retries').inputValue()).toBe('3')
  expect(await number(page, 'Retries').isEditable()).toBe(false)
  await page.getByRole('status', { name: 'Stream' }).getByText('Yes').waitFor()
  expect(await page.getByRole('switch').count()).toBe(0)
  expect(await page.getByRole('button', { name: /^(Add a field|Remove )/ }).count()).toBe(0)
}

test('who may view, or comment, sees it all and can change nothing', async ({
  server,
  openPage
}) => {
  const ann = await openPage()
  const workflow = await openPlan(ann, server)
  for (const can of [[], ['comment']] as ('comment' | 'edit')[][]) {
    const page = await openPage()
    const { url } = await makeLink(server, { by: { user: 'ann' }, workflow, can })
    await arrive(page, url, `Guest ${can.length}`)
    await select(page, 'ask')
    await expectNothingToEdit(page)
    await page.keyboard.press('Escape')
    await clickEdge(page)
    await page.getByRole('region', { name: 'Edge' }).waitFor()
    expect(await field(page, 'Label').count()).toBe(0)
  }
})

const PHONE = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2
} as const

describe.for([
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['a phone', PHONE]
] as [string, BrowserContextOptions][])('in %s', ([name, options]) => {
  test('the fields and the form for another one can be read', async ({ server, openPage }) => {
    const page = await openPage({ ...options, reducedMotion: 'reduce' })
    await openPlan(page, server)
    await select(page, 'ask')
    await field(page, 'Prompt').hover()
    await takeScreenshot(page, `content-fields-${name.replace(' ', '-')}`)
    await checkAccessibility(page)
    await page.keyboard.press('Escape')
    await select(page, 'mail')
    await button(page, 'Add a field').click()
    await form(page).getByLabel('Name of the field').fill('Type')
    await page.keyboard.press('Enter')
    await form(page).getByText('“Type” has a meaning of its own').waitFor()
    await checkAccessibility(page)
    await takeScreenshot(page, `content-form-${name.replace(' ', '-')}`)
  })
})

test('a finger puts a step on the canvas without a keyboard coming up', async ({
  server,
  openPage
}) => {
  const page = await openPage({ ...PHONE, reducedMotion: 'reduce' })
  const workflow = await openPlan(page, server, EMPTY)
  await button(page, 'Add a step').tap()
  await page.touchscreen.tap(195, 300)
  await nameField(page).waitFor()
  await expect.poll(async () => (await stored(server, workflow)).nodes.length).toBe(1)
  expect(await page.evaluate(() => document.activeElement?.matches('input, textarea'))).toBe(false)
})
