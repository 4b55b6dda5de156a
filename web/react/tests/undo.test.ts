/** Undo and redo against the real server, with others at work in the same workflow. */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { addNode, drop, isSaved, join, leaveAll, nodeOf } from './people'
import { ServerProcess } from './server_process'
import { until } from './until'

let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start()
})
afterEach(leaveAll)
afterAll(() => server.stop())

test('undo takes back one’s own changes only, and survives the others’', async () => {
  const ann = await join(server, 'ann', { workflowId: 'undo' })
  const ben = await join(server, 'ben', { workflowId: 'undo' })
  addNode(ann, 'a')
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  ben.flow.updateNodeData('a', { label: 'Ben' })
  addNode(ben, 'b')
  await until(() => nodeOf(ann, 'b') !== undefined, 'ann has ben’s node')
  ann.flow.onConnect({ source: 'a', target: 'b', sourceHandle: null, targetHandle: null })
  expect(ann.client.history.state.get()).toEqual({ canUndo: true, canRedo: false })
  ann.client.history.undo()
  expect(ann.flow.state.get().edges).toEqual([])
  expect(nodeOf(ann, 'b')).toBeDefined()
  expect(nodeOf(ann, 'a')?.data.label).toBe('Ben')
  ann.client.history.redo()
  expect(ann.flow.state.get().edges).toHaveLength(1)
})

test('undo does not take away what somebody else has locked by now', async () => {
  const ann = await join(server, 'ann', { workflowId: 'undo-locked' })
  const ben = await join(server, 'ben', { workflowId: 'undo-locked' })
  addNode(ann, 'a', { prompt: 'text' })
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  await ben.client.acquireLock('node', 'a')
  await until(() => nodeOf(ann, 'a')?.className === 'coflow-locked', 'ann sees the lock')
  ann.client.history.undo()
  expect(nodeOf(ann, 'a')?.data.prompt).toBe('text')
  addNode(ann, 'b')
  await isSaved(ann)
  expect(ann.client.reset.get()).toBeNull()
})

test('undoing a new node leaves it there once somebody else has written in it', async () => {
  const ann = await join(server, 'ann', { workflowId: 'undo-shared' })
  const ben = await join(server, 'ben', { workflowId: 'undo-shared' })
  addNode(ann, 'a', { label: 'Ann', prompt: 'mine' })
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  ben.flow.updateNodeData('a', { prompt: 'mine and his' })
  await until(() => nodeOf(ann, 'a')?.data.prompt === 'mine and his', 'ann has what ben wrote')
  ann.client.history.undo()
  expect(nodeOf(ann, 'a')?.data).toEqual({ label: 'Ann', prompt: 'mine and his' })
  await isSaved(ann)
  expect(nodeOf(ben, 'a')?.data).toEqual({ label: 'Ann', prompt: 'mine and his' })
})

test('a change made in it later is undone all the same', async () => {
  const ann = await join(server, 'ann', { workflowId: 'undo-later' })
  const ben = await join(server, 'ben', { workflowId: 'undo-later' })
  addNode(ann, 'a', { label: 'Ann' })
  ann.client.history.undo()
  ann.client.history.redo()
  // Not a step of hers: it only tells when he has the node that was made again.
  ann.client.doc.getMap('meta').set('made', 'twice')
  await until(() => ben.flow.state.get().meta.made === 'twice', 'ben has the second node')
  ben.flow.updateNodeData('a', { note: 'his' })
  await until(() => nodeOf(ann, 'a')?.data.note === 'his', 'ann has what ben wrote')
  drop(ann, 'a', 40)
  ann.client.history.undo()
  expect(nodeOf(ann, 'a')).toMatchObject({ position: { x: 0, y: 0 }, data: { note: 'his' } })
  ann.client.history.undo()
  expect(nodeOf(ann, 'a')?.data).toEqual({ label: 'Ann', note: 'his' })
  expect(ann.client.history.state.get().canUndo).toBe(false)
})

test('of several new nodes undo takes those that nobody else has come to use', async () => {
  const ann = await join(server, 'ann', { workflowId: 'undo-used' })
  const ben = await join(server, 'ben', { workflowId: 'undo-used' })
  addNode(ben, 'his')
  ann.client.history.beginStep()
  for (const id of ['wired', 'group', 'free']) addNode(ann, id)
  await until(() => nodeOf(ben, 'free') !== undefined, 'ben has the nodes')
  ben.flow.onConnect({ source: 'his', target: 'wired', sourceHandle: null, targetHandle: null })
  ben.flow.addNode({ id: 'child', parentId: 'group', position: { x: 0, y: 0 }, data: {} })
  await until(() => nodeOf(ann, 'child') !== undefined, 'ann has what ben did')
  ann.client.history.undo()
  const ids = () => ann.flow.state.get().nodes.map((each) => each.id)
  expect(ids()).toEqual(['his', 'wired', 'group', 'child'])
  expect(ann.flow.state.get().edges).toHaveLength(1)
  ann.client.history.redo()
  expect(ids().sort()).toEqual(['child', 'free', 'group', 'his', 'wired'])
})

test('of a new group undo leaves all that somebody else’s work needs', async () => {
  const ann = await join(server, 'ann', { workflowId: 'undo-needed' })
  const ben = await join(server, 'ben', { workflowId: 'undo-needed' })
  ann.client.history.beginStep()
  addNode(ann, 'group')
  ann.flow.addNode({ id: 'child', parentId: 'group', position: { x: 0, y: 0 }, data: {} })
  for (const id of ['end', 'free']) addNode(ann, id)
  ann.flow.onConnect({ source: 'child', target: 'end', sourceHandle: null, targetHandle: null })
  await until(() => ben.flow.state.get().edges.length === 1, 'ben has it all')
  const [edge] = ben.flow.state.get().edges
  if (edge === undefined) throw new Error('there is no edge')
  ben.flow.onEdgesChange([{ type: 'replace', id: edge.id, item: { ...edge, data: { by: 'ben' } } }])
  await until(() => ann.flow.state.get().edges[0]?.data?.by === 'ben', 'ann has ben’s edge')
  ann.client.history.undo()
  expect(ann.flow.state.get().nodes.map(({ id }) => id)).toEqual(['group', 'child', 'end'])
  expect(ann.flow.state.get().edges).toHaveLength(1)
})

test('a deletion undone and then the creation, too, leaves what others had written', async () => {
  const ann = await join(server, 'ann', { workflowId: 'undo-restored' })
  const ben = await join(server, 'ben', { workflowId: 'undo-restored' })
  addNode(ann, 'a', { prompt: 'hers' })
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  ben.flow.updateNodeData('a', { prompt: 'hers and his' })
  await until(() => nodeOf(ann, 'a')?.data.prompt === 'hers and his', 'ann has what ben wrote')
  ann.flow.removeElements({ nodes: ['a'] })
  ann.client.history.undo()
  ann.client.history.redo()
  expect(nodeOf(ann, 'a')).toBeUndefined()
  ann.client.history.undo()
  ann.client.history.undo()
  expect(nodeOf(ann, 'a')?.data.prompt).toBe('hers and his')
})
