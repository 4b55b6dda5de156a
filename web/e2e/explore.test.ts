import { readFileSync } from 'node:fs'
import { createWorkflow, openEditor, openList } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import { expect, test } from './harness/test'

test('explore', async ({ server, openPage }) => {
  const graph = JSON.parse(
    readFileSync('../tests/data/workflows/human-in-the-loop.json', 'utf8')
  ) as Record<string, unknown>
  await createWorkflow(server, {
    user: 'ann',
    id: 'demo',
    name: 'Human in the loop',
    nodes: graph.nodes,
    edges: graph.edges
  })
  const ann = await openPage()
  const bob = await openPage({ colorScheme: 'dark' })
  await openEditor(ann, { server, user: 'ann', workflow: 'demo' })
  await openEditor(bob, { server, user: 'bob', workflow: 'demo' })
  await ann.waitForTimeout(1500)
  await takeScreenshot(ann, 'x1')
  const node = ann.locator('.react-flow__node').first()
  await node.click()
  await bob.mouse.move(500, 300)
  await bob.mouse.move(520, 320)
  await ann.waitForTimeout(800)
  await takeScreenshot(ann, 'x2')
  await takeScreenshot(bob, 'x3')
  await ann.getByRole('button', { name: 'Share' }).click()
  await ann.waitForTimeout(600)
  await takeScreenshot(ann, 'x4')
  console.log(await ann.locator('body').ariaSnapshot())
  await ann.keyboard.press('Escape')
  await ann.getByRole('button', { name: 'Comments' }).click()
  await ann.waitForTimeout(600)
  await takeScreenshot(ann, 'x5')
  await ann.getByRole('button', { name: 'Locks and mode' }).click()
  await ann.waitForTimeout(600)
  await takeScreenshot(ann, 'x6')
  console.log(await ann.locator('body').ariaSnapshot())
  await openList(bob, { server, user: 'bob' })
  await bob.waitForTimeout(1000)
  await takeScreenshot(bob, 'x7')
  expect(1).toBe(1)
})
