/** Drags and resizes as React Flow tells of them: many nodes at once, parents that grow, and those that never end. */

import type { NodeChange } from '@xyflow/react'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { graphOf } from '../src/flow/read_graph'
import { addNode, drag, drop, isSaved, join, leaveAll, nodeOf, type Person } from './people'
import { ServerProcess } from './server_process'
import { until } from './until'

let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start()
})
afterEach(leaveAll)
afterAll(() => server.stop())

/** Ann has made nodes of these ids, and Ben has them. */
async function together(workflowId: string, ids: readonly string[]): Promise<[Person, Person]> {
  const ann = await join(server, 'ann', { workflowId })
  const ben = await join(server, 'ben', { workflowId })
  ann.client.edit(() => {
    for (const id of ids) addNode(ann, id)
  })
  await until(() => ben.flow.state.get().nodes.length === ids.length, 'ben has all nodes')
  return [ann, ben]
}

function placeOf(person: Person, id: string) {
  return graphOf(person.client.doc).nodes.find((each) => each.id === id)?.position
}

test('so many nodes are dragged at once that presence has no room for all', async () => {
  const ids = Array.from({ length: 300 }, (_, at) => `3f2b8c1e-9d4a-4b6f-8a7e-${1e11 + at}`)
  const [first = '', last = ''] = [ids[0], ids.at(-1)]
  const [ann, ben] = await together('crowd', ids)
  const all = (step: number, dragging: boolean): NodeChange[] =>
    ids.map((id, at) => {
      const position = { x: at + step * 10.123456789, y: step / 3 }
      return { type: 'position', id, position, dragging }
    })
  for (let step = 1; step <= 20; step += 1) ann.flow.onNodesChange(all(step, true))
  await until(() => nodeOf(ben, first)?.position.x === 202.5, 'ben sees the drag')
  ann.flow.onNodesChange(all(30, false))
  await isSaved(ann)
  await until(() => (nodeOf(ben, last)?.position.x ?? 0) > 600, 'ben has the drop')
  expect(graphOf(ben.client.doc)).toEqual(graphOf(ann.client.doc))
  expect(ann.client.connection.get().closed).toBeNull()
  ann.client.history.undo()
  expect(placeOf(ann, last)).toEqual({ x: 0, y: 0 })
})

test('a selection with an endless name is not shown to others, and costs nothing else', async () => {
  const id = 'n'.repeat(9_000)
  const [ann, ben] = await together('endless', [id])
  ann.flow.onNodesChange([{ type: 'select', id, selected: true }])
  ann.client.setPresence({ cursor: { x: 1, y: 2 } })
  const bensAnn = () => ben.client.participants.get().find(({ userId }) => userId === 'ann')
  await until(() => bensAnn()?.cursor?.x === 1, 'ben sees ann’s cursor')
  expect(bensAnn()?.selectedNode).toBeNull()
})

test('a parent that grows with a drag is one change and one step of undo with the drop', async () => {
  const [ann] = await together('growing', ['parent', 'child', 'other'])
  let updates = 0
  ann.client.doc.on('update', () => (updates += 1))
  const changes = (x: number, dragging: boolean): NodeChange[] => [
    { type: 'position', id: 'child', position: { x, y: 0 }, dragging },
    { type: 'dimensions', id: 'parent', dimensions: { width: x, height: 50 }, setAttributes: true },
    { type: 'position', id: 'parent', position: { x: -x, y: 0 } },
    { type: 'position', id: 'other', position: { x: x / 2, y: 0 } }
  ]
  for (const x of [100, 110, 120]) ann.flow.onNodesChange(changes(x, true))
  expect(updates).toBe(0)
  expect(nodeOf(ann, 'parent')).toMatchObject({ width: 120, position: { x: -120 } })
  ann.flow.onNodesChange(changes(120, false))
  expect(updates).toBe(1)
  const [parent, child, other] = ['parent', 'child', 'other'].map((id) => nodeOf(ann, id))
  expect(parent).toMatchObject({ width: 120, height: 50, position: { x: -120, y: 0 } })
  expect([child?.position.x, other?.position.x]).toEqual([120, 60])
  ann.client.history.undo()
  expect(placeOf(ann, 'child')).toEqual({ x: 0, y: 0 })
  expect(placeOf(ann, 'parent')).toEqual({ x: 0, y: 0 })
  expect(nodeOf(ann, 'parent')?.width).toBeUndefined()
})

test('a cancelled drag leaves no trace, however long the pointer goes on', async () => {
  const [ann, ben] = await together('cancelled', ['a'])
  drag(ann, 'a', [10, 20])
  await until(() => nodeOf(ben, 'a')?.position.x === 20, 'ben sees the drag')
  expect(ann.flow.cancelDrag()).toBe(true)
  drag(ann, 'a', [30])
  ann.flow.onNodesChange([{ type: 'dimensions', id: 'a', dimensions: { width: 150, height: 40 } }])
  drop(ann, 'a', 40)
  expect(nodeOf(ann, 'a')).toMatchObject({ position: { x: 0 }, measured: { width: 150 } })
  await until(() => nodeOf(ben, 'a')?.position.x === 0, 'ben sees the node where it was')
  expect(placeOf(ann, 'a')?.x).toBe(0)
  expect(ann.flow.cancelDrag()).toBe(false)
  drag(ann, 'a', [50])
  drop(ann, 'a', 60)
  expect(placeOf(ann, 'a')?.x).toBe(60)
})

test('a drag ends with the canvas that it was on', async () => {
  const [ann, ben] = await together('unmounted', ['a'])
  const releases = [ann.flow.hold(), ann.flow.hold()]
  drag(ann, 'a', [10, 20])
  await until(() => nodeOf(ben, 'a')?.position.x === 20, 'ben sees the drag')
  releases[0]?.()
  expect(nodeOf(ann, 'a')?.dragging).toBe(true)
  releases[1]?.()
  expect(nodeOf(ann, 'a')).toMatchObject({ position: { x: 0, y: 0 } })
  expect(nodeOf(ann, 'a')?.dragging).toBeUndefined()
  await until(() => nodeOf(ben, 'a')?.position.x === 0, 'ben sees the node where it was')
  drag(ann, 'a', [30])
  drop(ann, 'a', 30)
  expect(placeOf(ann, 'a')?.x).toBe(30)
})

test('a drop on what another has locked meanwhile is told as not done', async () => {
  const [ann, ben] = await together('locked-meanwhile', ['a'])
  drag(ann, 'a', [10, 20])
  await ben.client.acquireLock('node', 'a')
  await until(() => ann.client.locks.get().length === 1, 'ann sees the lock')
  drop(ann, 'a', 30)
  expect(nodeOf(ann, 'a')?.position.x).toBe(0)
  expect(ann.client.connection.get().reverted).toMatchObject({
    reason: 'locked',
    holder: 'ben',
    resources: [{ type: 'node', id: 'a' }]
  })
})
