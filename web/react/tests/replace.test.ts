/** What React Flow's own functions (`setNodes`, `updateNode`, `addNodes`) do to the document. */

import type { Node } from '@xyflow/react'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { graphOf } from '../src/flow/read_graph'
import { addNode, drag, join, leaveAll, nodeOf, type Person } from './people'
import { ServerProcess } from './server_process'
import { until } from './until'

let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start()
})
afterEach(leaveAll)
afterAll(() => server.stop())

function replace(person: Person, id: string, change: (node: Node) => Node): void {
  const node = nodeOf(person, id)
  if (node === undefined) throw new Error(`no node ${id}`)
  person.flow.onNodesChange([{ type: 'replace', id, item: change(node) }])
}

function storedOf(person: Person, id: string) {
  return graphOf(person.client.doc).nodes.find((each) => each.id === id)
}

test('fields are set, changed and taken away, whatever their names', async () => {
  const ann = await join(server, 'ann', { workflowId: 'replaced' })
  addNode(ann, 'group')
  ann.flow.addNode({
    ...{ id: 'a', position: { x: 0, y: 0 }, data: { label: 'A', old: 1 } },
    ...{ parentId: 'group', style: { color: 'red' } }
  })
  replace(ann, 'a', ({ parentId: _parent, style: _style, ...node }) => ({
    ...{ ...node, className: 'mine', draggable: false },
    data: { label: 'B' }
  }))
  expect(storedOf(ann, 'a')).toEqual({
    ...{ id: 'a', position: { x: 0, y: 0 }, className: 'mine', draggable: false },
    data: { label: 'B' }
  })
})

test('where another is dragging a node just now is not written', async () => {
  const ann = await join(server, 'ann', { workflowId: 'replaced-in-a-drag' })
  const ben = await join(server, 'ben', { workflowId: 'replaced-in-a-drag' })
  addNode(ann, 'a')
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  drag(ann, 'a', [55])
  await until(() => nodeOf(ben, 'a')?.position.x === 55, 'ben sees the drag')
  replace(ben, 'a', (node) => ({ ...node, data: { label: 'Moved' } }))
  expect(storedOf(ben, 'a')).toMatchObject({ position: { x: 0 }, data: { label: 'Moved' } })
})

test('a node is not replaced by one that happens to have its id', async () => {
  const ann = await join(server, 'ann', { workflowId: 'twice' })
  addNode(ann, 'node-1', { label: 'First' })
  expect(() => addNode(ann, 'node-1', { label: 'Second' })).toThrow('"node-1"')
  expect(nodeOf(ann, 'node-1')?.data.label).toBe('First')
})

test('who has selected what is deleted has selected nothing', async () => {
  const ann = await join(server, 'ann', { workflowId: 'deleted-selection' })
  const ben = await join(server, 'ben', { workflowId: 'deleted-selection' })
  addNode(ann, 'a')
  ann.flow.onNodesChange([{ type: 'select', id: 'a', selected: true }])
  const bensAnn = () => ben.client.participants.get().find(({ userId }) => userId === 'ann')
  await until(() => bensAnn()?.selectedNode === 'a', 'ben sees the selection')
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  ben.flow.removeElements({ nodes: ['a'] })
  await until(() => bensAnn()?.selectedNode === null, 'ben sees that it is gone')
  expect(bensAnn()?.selectedNodes).toEqual([])
})
