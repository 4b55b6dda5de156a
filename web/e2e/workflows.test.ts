/** Real workflows come in, are drawn, and go out as they were; the list finds, makes and deletes them. */

import { readdirSync, readFileSync } from 'node:fs'
import { allowProblems } from './harness/browser'
import { drag, drop, node, stored, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor, openList } from './harness/editor'
import { REPOSITORY } from './harness/paths'
import { takeScreenshot } from './harness/screenshots'
import { expect, test } from './harness/test'
import { NETWORK } from './harness/wire'

const FOLDER = `${REPOSITORY}/tests/data/workflows`
/** So many the server lists at a time. */
const PAGE = 50
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))

interface Real {
  nodes: ({ id: string; type: string; data: Record<string, unknown> } & Record<string, unknown>)[]
  edges: ({ id: string } & Record<string, unknown>)[]
}

function read(name: string): Real {
  return JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')) as Real
}

test.for(NAMES)(
  '%s opens, is drawn, and goes out as it came',
  async (name, { server, openPage }) => {
    const real = read(name)
    const workflow = name.replace('.json', '')
    await createWorkflow(server, {
      user: 'ann',
      id: workflow,
      nodes: real.nodes,
      edges: real.edges
    })
    const before = await stored(server, workflow)
    const page = await openPage()
    await openEditor(page, { server, user: 'ann', workflow })
    for (const { id } of real.nodes) await node(page, id).waitFor({ state: 'attached' })
    await expect.poll(() => page.locator('.react-flow__edge').count()).toBe(real.edges.length)
    await takeScreenshot(page, `workflow-${workflow}`)
    await untilSaved(page)
    // Looking at it changes nothing: not a size, not a selection.
    expect(await stored(server, workflow)).toEqual(before)

    const first = real.nodes.find((each) => each.parentId === undefined)?.id ?? ''
    await page.getByRole('button', { name: 'Show everything' }).click()
    await drag(page, first, { x: 10, y: 20 })
    await drop(page)
    await untilSaved(page)
    await expect
      .poll(
        async () => (await stored(server, workflow)).nodes.find(({ id }) => id === first)?.position
      )
      .not.toEqual(before.nodes.find(({ id }) => id === first)?.position)
    // Nothing but the place of that one node is another now.
    const withoutPlaces = (graph: typeof before) => ({
      nodes: graph.nodes.map(({ position: _, ...rest }) => rest),
      edges: graph.edges
    })
    expect(withoutPlaces(await stored(server, workflow))).toEqual(withoutPlaces(before))
  }
)

test('the list makes, finds, imports and deletes workflows', async ({ startServer, openPage }) => {
  const server = await startServer()
  const page = await openPage()
  await openList(page, { server, user: 'ann' })
  await page.getByText(/drop a React Flow JSON file/).waitFor()
  await takeScreenshot(page, 'list-empty')

  await page.getByRole('button', { name: 'New workflow' }).first().click()
  await page.locator('.react-flow__viewport').waitFor({ state: 'attached' })
  const name = page.getByRole('textbox', { name: 'Name of the workflow' })
  await name.fill('Quarterly report')
  await name.press('Enter')
  await untilSaved(page)
  await page.getByRole('link', { name: 'All workflows' }).click()
  await page.getByText('Quarterly report').waitFor()

  await page.locator('input[type="file"]').setInputFiles(`${FOLDER}/human-in-the-loop.json`)
  await page.locator('.react-flow__node').first().waitFor()
  await expect.poll(() => page.locator('.react-flow__node').count()).toBeGreaterThan(4)
  await page.getByRole('link', { name: 'All workflows' }).click()
  await page.getByRole('searchbox').fill('quarter')
  await expect.poll(() => page.getByRole('button', { name: /^More for/ }).count()).toBe(1)

  await page.getByRole('button', { name: 'More for Quarterly report' }).click()
  await page.getByRole('menuitem', { name: /delete/i }).click()
  await page
    .getByRole('alertdialog')
    .getByRole('button', { name: /delete/i })
    .click()
  await page.getByText('Quarterly report').first().waitFor({ state: 'detached' })
})

test('several files that are dropped on the list all come in, but for those that cannot', async ({
  startServer,
  openPage
}) => {
  const server = await startServer()
  const page = await openPage()
  await openList(page, { server, user: 'ann' })
  await page.getByText(/drop a React Flow JSON file/).waitFor()
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer()
    const graph = JSON.stringify({ nodes: [], edges: [] })
    transfer.items.add(new File([graph], 'first-plan.json'))
    transfer.items.add(new File(['?'], 'notes.json'))
    transfer.items.add(new File([graph], 'second-plan.json'))
    return transfer
  })
  await page.dispatchEvent('body', 'drop', { dataTransfer: dropped })
  for (const name of ['First plan', 'Second plan']) await page.getByText(name).waitFor()
  await page.getByRole('alert').getByText('“notes.json” is not JSON.').waitFor()
  expect(await page.getByRole('button', { name: /^More for/ }).count()).toBe(2)
})

test('more of the list that cannot be read is asked for again', async ({
  startServer,
  openPage
}) => {
  const server = await startServer()
  const page = await openPage()
  allowProblems(page, NETWORK)
  for (let number = 0; number < PAGE + 1; number++) {
    await createWorkflow(server, { user: 'ann', id: `one-of-many-${number}`, nodes: [], edges: [] })
  }
  await openList(page, { server, user: 'ann' })
  const more = page.getByRole('button', { name: 'Show more' })
  await more.waitFor()
  await server.kill()
  await more.click()
  await page.getByRole('alert').getByText('The server cannot be reached.').waitFor()
  await takeScreenshot(page, 'list-more-failed', { fullPage: true })

  await server.start()
  await more.click()
  await expect.poll(() => page.getByRole('button', { name: /^More for/ }).count()).toBe(PAGE + 1)
  await more.waitFor({ state: 'detached' })
  expect(await page.getByRole('alert').count()).toBe(0)
})

test('whatever a node or an edge says of itself, the canvas is drawn', async ({
  server,
  openPage
}) => {
  const bad = [
    { domAttributes: { dangerouslySetInnerHTML: { __html: '<b>x</b>' } } },
    { domAttributes: { style: 'x', onClick: 'alert(1)' } },
    { style: 'color:red' },
    { handles: 5 },
    { handles: [null] },
    { extent: [1] },
    { measured: 'large', zIndex: 'top', className: { a: 1 } },
    { sourcePosition: 'inside', dragHandle: '<<', origin: [null] }
  ]
  const nodes = bad.map((fields, at) => ({
    id: `n${at}`,
    ...(at % 2 === 0 && { type: 'default' }),
    position: { x: 0, y: at * 80 },
    data: { label: `Step ${at}` },
    ...fields
  }))
  const edges = [
    { id: 'e0', source: 'n0', target: 'n1', style: 'x', label: { a: 1 } },
    { id: 'e1', source: 'n1', target: 'n2', domAttributes: { style: 'x' }, markerEnd: { type: 5 } }
  ]
  await createWorkflow(server, { user: 'ann', id: 'hostile', nodes, edges })
  const before = await stored(server, 'hostile')
  const page = await openPage()
  await openEditor(page, { server, user: 'ann', workflow: 'hostile' })
  for (const { id, data } of nodes) await node(page, id).getByText(data.label).waitFor()
  await expect.poll(() => page.locator('.react-flow__edge').count()).toBe(2)
  // A card, and nothing of React Flow's own behind it.
  const [card, box] = await Promise.all([
    node(page, 'n0').locator('.ed-node').boundingBox(),
    node(page, 'n0').boundingBox()
  ])
  expect(Math.abs((card?.width ?? 0) - (box?.width ?? 9_999))).toBeLessThan(2)
  expect(await stored(server, 'hostile')).toEqual(before)
})
