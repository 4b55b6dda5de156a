/** Clients on a real server, while everything goes well. */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { graphOf } from '../src/flow/read_graph'
import { addNode, drag, drop, isSaved, join, leaveAll, nodeOf } from './people'
import { ServerProcess } from './server_process'
import { until } from './until'

let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start()
})
afterEach(leaveAll)
afterAll(() => server.stop())

test('two clients converge, and both are told that all is saved', async () => {
  const ann = await join(server, 'ann', { workflowId: 'converge' })
  const ben = await join(server, 'ben', { workflowId: 'converge' })
  addNode(ann, 'a', { label: 'A', prompt: 'Hello' })
  addNode(ben, 'b', { label: 'B' })
  ann.flow.setMeta('name', 'Together')
  await until(
    () => nodeOf(ann, 'b') !== undefined && nodeOf(ben, 'a') !== undefined,
    'both have both'
  )
  await isSaved(ann)
  await isSaved(ben)
  ben.flow.onConnect({ source: 'a', target: 'b', sourceHandle: null, targetHandle: null })
  await until(() => ann.flow.state.get().edges.length === 1, 'ann sees the edge')
  await until(() => ben.flow.state.get().meta.name === 'Together', 'ben sees the name')
  expect(graphOf(ann.client.doc)).toEqual(graphOf(ben.client.doc))
  const listed = await ann.client.rest.getWorkflow('converge')
  expect({ nodes: listed.nodes, edges: listed.edges }).toMatchObject({
    nodes: graphOf(ann.client.doc).nodes,
    edges: graphOf(ann.client.doc).edges
  })
})

test('a drag is seen live, is one change of the document, and one undo step', async () => {
  const ann = await join(server, 'ann', { workflowId: 'drag' })
  const ben = await join(server, 'ben', { workflowId: 'drag' })
  addNode(ann, 'a')
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  let updates = 0
  ann.client.doc.on('update', () => (updates += 1))
  drag(ann, 'a', [10, 20, 30])
  await until(() => nodeOf(ben, 'a')?.position.x === 30, 'ben sees the node move')
  expect(updates).toBe(0)
  expect(graphOf(ben.client.doc).nodes[0]?.position.x).toBe(0)
  const seen: number[] = []
  ben.flow.state.subscribe(() => seen.push(nodeOf(ben, 'a')?.position.x ?? NaN))
  drop(ann, 'a', 40)
  expect(updates).toBe(1)
  await until(() => graphOf(ben.client.doc).nodes[0]?.position.x === 40, 'ben has the drop')
  expect(nodeOf(ben, 'a')?.position.x).toBe(40)
  expect(seen).not.toContain(0)
  ann.client.history.undo()
  expect(nodeOf(ann, 'a')?.position.x).toBe(0)
  ann.client.history.redo()
  expect(nodeOf(ann, 'a')?.position.x).toBe(40)
})

test('a text is typed by two at once, and nothing of either is lost', async () => {
  const ann = await join(server, 'ann', { workflowId: 'text' })
  const ben = await join(server, 'ben', { workflowId: 'text' })
  addNode(ann, 'a', { prompt: 'one three' })
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  ann.flow.updateNodeData('a', { prompt: 'one two three' })
  ben.flow.updateNodeData('a', { prompt: 'one three four' })
  await until(() => nodeOf(ann, 'a')?.data.prompt === 'one two three four', 'ann has both')
  await until(() => nodeOf(ben, 'a')?.data.prompt === 'one two three four', 'ben has both')
})

test('presence: who is there, where, and who has left', async () => {
  const ann = await join(server, 'ann', { workflowId: 'presence' })
  const ben = await join(server, 'ben', { workflowId: 'presence' })
  const bensView = () => ben.client.participants.get().find((each) => each.userId === 'ann')
  ann.client.setPresence({ cursor: { x: 1, y: 2 }, selectedNode: 'n' })
  ann.client.setPresence({ typing: { nodeId: 'n', property: 'prompt' } })
  await until(() => bensView()?.typing !== null, 'ben sees ann type')
  expect(bensView()).toMatchObject({
    cursor: { x: 1, y: 2 },
    selectedNode: 'n',
    typing: { nodeId: 'n', property: 'prompt' },
    isSelf: false
  })
  const [self, ...others] = ann.client.participants.get()
  expect(self).toMatchObject({ userId: 'ann', isSelf: true })
  expect(self?.color).toBe(bensView()?.color)
  expect(others.map((each) => each.userId)).toEqual(['ben'])
  ann.client.destroy()
  await until(() => bensView() === undefined, 'ben sees that ann has left')
})

test('locks and comments of one are seen by the other', async () => {
  const ann = await join(server, 'ann', { workflowId: 'locks' })
  const ben = await join(server, 'ben', { workflowId: 'locks' })
  addNode(ann, 'a', { label: 'A' })
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  await ann.client.acquireLock('node', 'a', { reason: 'Rewording' })
  await until(() => nodeOf(ben, 'a')?.className === 'coflow-locked', 'ben sees the lock')
  expect(nodeOf(ben, 'a')).toMatchObject({ draggable: false, deletable: false, connectable: false })
  expect(nodeOf(ann, 'a')?.draggable).toBeUndefined()
  ben.flow.updateNodeData('a', { label: 'B' })
  expect(nodeOf(ben, 'a')?.data.label).toBe('A')
  await expect(ben.client.acquireLock('node', 'a')).rejects.toMatchObject({ code: 'lock_held' })
  const [lock] = ann.client.locks.get()
  if (lock === undefined) throw new Error('ann has no lock')
  await ann.client.releaseLock(lock, false)
  await until(() => nodeOf(ben, 'a')?.draggable === undefined, 'ben sees that it is free')

  const stop = ben.client.comments.subscribe(() => undefined)
  await until(() => ben.client.comments.get() !== null, 'the threads are loaded')
  const comment = await ann.client.rest.addComment({
    workflow_id: 'locks',
    content: 'Really?',
    context_type: 'node',
    context_id: 'a'
  })
  await until(() => ben.client.comments.get()?.length === 1, 'ben sees the thread')
  await ben.client.rest.addComment({
    workflow_id: 'locks',
    content: 'Yes',
    parent_comment_id: comment.comment_id
  })
  await until(() => ben.client.comments.get()?.[0]?.replies.length === 1, 'ben sees the reply')
  stop()
})

test('in a workflow of turns only whoever has the turn may edit', async () => {
  const ann = await join(server, 'ann', { workflowId: 'turns' })
  const ben = await join(server, 'ben', { workflowId: 'turns' })
  addNode(ann, 'a')
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  await ann.client.inSession((id) =>
    ann.client.rest.changeSession(id, { collaboration_mode: 'sequential' })
  )
  await until(() => !ben.client.canEdit(), 'ben may not edit')
  expect(nodeOf(ben, 'a')?.draggable).toBe(false)
  await ben.client.inSession((id) => ben.client.rest.requestTurn(id))
  expect(ben.client.canEdit()).toBe(true)
  await until(() => nodeOf(ben, 'a')?.draggable === undefined, 'ben may drag')
  await until(() => ann.client.session.get()?.turn.holder === 'ben', 'ann sees whose turn it is')
  expect(ann.client.canEdit()).toBe(false)
})

test('in a workflow of locks one edits what one has locked, and creating locks', async () => {
  const ann = await join(server, 'ann', { workflowId: 'locked-mode' })
  const ben = await join(server, 'ben', { workflowId: 'locked-mode' })
  addNode(ann, 'a')
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  await ann.client.inSession((id) =>
    ann.client.rest.changeSession(id, { collaboration_mode: 'locked' })
  )
  await until(() => nodeOf(ben, 'a')?.draggable === false, 'ben may not drag without a lock')
  expect(ben.client.canEdit()).toBe(true)
  await ben.client.acquireLock('node', 'a')
  expect(nodeOf(ben, 'a')?.draggable).toBeUndefined()
  await until(() => nodeOf(ann, 'a')?.className === 'coflow-locked', 'ann sees ben’s lock')
  addNode(ben, 'b')
  await until(() => ben.client.locks.get().length === 2, 'ben has the lock on what he created')
  expect(nodeOf(ben, 'b')?.draggable).toBeUndefined()
})
