/** What other clients may write into a document, and no canvas may come to harm by. */

import type { Page } from 'playwright-core'
import { node, stored, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

const [ASK, MAIL] = TWO_STEPS.nodes as [(typeof TWO_STEPS.nodes)[0], (typeof TWO_STEPS.nodes)[0]]

async function openWith(
  page: Page,
  server: Server,
  { id, ...graph }: { id: string; nodes: unknown[]; edges: unknown[] }
): Promise<void> {
  await createWorkflow(server, { user: 'ann', id, name: 'Plan', ...graph })
  await openEditor(page, { server, user: 'ann', workflow: id })
  await untilSaved(page)
}

test('a style from the document colours a step and moves it nowhere', async ({
  server,
  openPage
}) => {
  const page = await openPage()
  const workflow = 'odd-style'
  const style = {
    ...{ position: 'fixed', inset: 0, zIndex: 99_999, transform: 'scale(40)' },
    ...{ boxShadow: '0 0 0 9999px red', backgroundImage: 'url(/icon.svg)', width: 9e99 },
    ...{ backgroundColor: 'rgb(1, 2, 3)', borderRadius: 12, opacity: 0.5 }
  }
  const line = { stroke: 'rgb(4, 5, 6)', position: 'fixed', filter: 'blur(9px)' }
  await openWith(page, server, {
    id: workflow,
    nodes: [{ ...ASK, style }, MAIL],
    edges: [{ ...TWO_STEPS.edges[0], style: line }]
  })

  const shown = await node(page, 'ask').evaluate((element) => {
    const { position, boxShadow, backgroundImage, backgroundColor, borderRadius, opacity } =
      getComputedStyle(element)
    return { position, boxShadow, backgroundImage, backgroundColor, borderRadius, opacity }
  })
  expect(shown).toEqual({
    ...{ position: 'absolute', boxShadow: 'none', backgroundImage: 'none' },
    ...{ backgroundColor: 'rgb(1, 2, 3)', borderRadius: '12px', opacity: '0.5' }
  })
  const edge = page.locator('.react-flow__edge-path').first()
  expect(await edge.evaluate((path) => getComputedStyle(path).stroke)).toBe('rgb(4, 5, 6)')
  expect(await edge.evaluate((path) => getComputedStyle(path).filter)).toBe('none')
  // The other can be reached, and the document is as it was.
  await node(page, 'mail').click()
  const { nodes } = (await stored(server, workflow)) as unknown as { nodes: { style?: unknown }[] }
  expect(nodes[0]?.style).toEqual(style)
})

test('classes from the document are none of the page’s own', async ({ server, openPage }) => {
  const page = await openPage()
  await openWith(page, server, {
    id: 'odd-classes',
    nodes: [
      { ...ASK, className: 'mine ed-workspace' },
      { ...MAIL, className: 'mine' }
    ],
    edges: [{ ...TWO_STEPS.edges[0], className: 'coflow-overlay' }]
  })
  const classesOf = (id: string) => node(page, id).getAttribute('class')
  expect(await classesOf('ask')).not.toContain('ed-workspace')
  expect(await classesOf('mail')).toContain('mine')
  expect(await page.locator('.react-flow__edge').first().getAttribute('class')).not.toContain(
    'coflow-overlay'
  )
})

test('a step that lies beyond all canvases leaves the others in sight', async ({
  server,
  openPage
}) => {
  const page = await openPage()
  const far = {
    id: 'far',
    type: 'agent',
    position: { x: 1e308, y: -1e308 },
    data: { label: 'Far' }
  }
  await openWith(page, server, {
    id: 'odd-place',
    nodes: [far, ...TWO_STEPS.nodes],
    edges: [...TWO_STEPS.edges, { id: 'e2', source: 'mail', target: 'far' }]
  })
  const isInSight = (id: string) =>
    node(page, id).evaluate((card) => {
      const { left, right, top, bottom, width } = card.getBoundingClientRect()
      // Near enough to be read.
      return width > 100 && left > 0 && right < innerWidth && top > 0 && bottom < innerHeight
    })
  for (const id of ['ask', 'mail']) await expect.poll(() => isInSight(id)).toBe(true)
  await page.getByRole('button', { name: 'Zoom out' }).click()
  await page.mouse.move(640, 500)
  await page.mouse.wheel(3_000, 0)
  await expect.poll(() => isInSight('ask')).toBe(false)
  await page.getByRole('button', { name: 'Show everything' }).click()
  for (const id of ['ask', 'mail']) await expect.poll(() => isInSight(id)).toBe(true)
  expect((await stored(server, 'odd-place')).nodes[0]?.position).toEqual({ x: 1e308, y: -1e308 })
})
