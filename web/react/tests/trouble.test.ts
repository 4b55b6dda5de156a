/** Clients on a real server that refuses, forgets them, or dies. */

import { afterEach, expect, test } from 'vitest'
import WebSocket from 'ws'
import { Rest } from '../src/api/rest'
import { graphOf, NODES } from '../src/flow/read_graph'
import type * as Y from 'yjs'
import { addNode, arrive, drop, isConnected, isSaved, join, leaveAll, nodeOf } from './people'
import { ServerProcess } from './server_process'
import { until } from './until'

const servers: ServerProcess[] = []

async function startServer(settings: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await ServerProcess.start(settings)
  servers.push(server)
  return server
}

afterEach(async () => {
  leaveAll()
  for (const server of servers.splice(0)) await server.stop()
})

/** What no flow of this package does: write without asking the rules first. */
function dataOf(doc: Y.Doc, id: string): Y.Map<unknown> {
  const node = doc.getMap(NODES).get(id) as Y.Map<Y.Map<unknown>>
  return node.get('data') as Y.Map<unknown>
}

test('changes made offline are counted, and saved when the server is back', async () => {
  const server = await startServer()
  const ann = await join(server, 'ann', { workflowId: 'w' })
  addNode(ann, 'a')
  await isSaved(ann)
  await server.kill()
  await until(() => ann.client.connection.get().status === 'offline', 'ann is offline')
  addNode(ann, 'b')
  drop(ann, 'a', 100)
  ann.flow.setMeta('name', 'Offline')
  expect(ann.client.connection.get()).toMatchObject({ unsavedChanges: 3, isLoaded: true })
  await server.start()
  await isConnected(ann)
  await isSaved(ann)
  const listed = await ann.client.rest.getWorkflow('w')
  expect(listed).toMatchObject({ name: 'Offline', nodes: [{ position: { x: 100 } }, { id: 'b' }] })
})

test('a server killed in the midst of edits has all that it said was saved', async () => {
  const server = await startServer()
  const ann = await join(server, 'ann', { workflowId: 'w' })
  const ben = await join(server, 'ben', { workflowId: 'w' })
  const saved = new Set<string>()
  for (let round = 0; round < 10; round += 1) {
    const made = [`ann-${round}`, `ben-${round}`]
    addNode(ann, `ann-${round}`)
    addNode(ben, `ben-${round}`)
    if (round < 9) {
      await isSaved(ann)
      await isSaved(ben)
      for (const id of made) saved.add(id)
    }
  }
  await server.kill()
  addNode(ann, 'ann-offline')
  await server.start()
  // A third one, who has nothing of its own, sees what the server kept.
  const cyd = await join(server, 'cyd', { workflowId: 'w' })
  for (const id of saved) expect(nodeOf(cyd, id)).toBeDefined()
  await isSaved(ann)
  await isSaved(ben)
  await until(() => cyd.flow.state.get().nodes.length === 21, 'cyd has all of both')
  await until(() => ben.flow.state.get().nodes.length === 21, 'ben has all of ann’s')
  expect(graphOf(ann.client.doc)).toEqual(graphOf(cyd.client.doc))
  expect(graphOf(ben.client.doc)).toEqual(graphOf(cyd.client.doc))
})

test('an edit of what somebody else has locked is reverted, and says why', async () => {
  const server = await startServer()
  const ann = await join(server, 'ann', { workflowId: 'w' })
  const ben = await join(server, 'ben', { workflowId: 'w' })
  addNode(ann, 'a', { label: 'A' })
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  await ann.client.acquireLock('node', 'a')
  ben.client.edit((doc) => dataOf(doc, 'a').set('label', 'B'))
  await until(() => ben.client.connection.get().reverted !== null, 'ben is told')
  expect(ben.client.connection.get().reverted).toMatchObject({
    resources: [{ type: 'node', id: 'a' }],
    reason: 'locked',
    holder: 'ann'
  })
  await until(() => nodeOf(ben, 'a')?.data.label === 'A', 'ben has the old label')
  await isSaved(ben)
  ben.client.dismissReverted()
  expect(ben.client.connection.get().reverted).toBeNull()
  expect(nodeOf(ann, 'a')?.data.label).toBe('A')
})

test('a deletion of what is locked by now starts the document over, and offers what it held', async () => {
  const server = await startServer()
  const ann = await join(server, 'ann', { workflowId: 'w' })
  const ben = await join(server, 'ben', { workflowId: 'w' })
  addNode(ann, 'a', { label: 'A' })
  await until(() => nodeOf(ben, 'a') !== undefined, 'ben has the node')
  const old = ben.client.doc
  ben.client.disconnect()
  ben.flow.removeElements({ nodes: ['a'] })
  addNode(ben, 'b', { label: 'B' })
  expect(ben.client.connection.get().unsavedChanges).toBe(2)
  await ann.client.acquireLock('node', 'a')
  ben.client.connect()
  await until(() => ben.client.reset.get() !== null, 'ben is told of the reset')
  const reset = ben.client.reset.get()
  expect(reset?.reverted).toMatchObject([{ reason: 'locked', holder: 'ann' }])
  expect(reset?.unsavedContent.nodes).toMatchObject([{ id: 'b', data: { label: 'B' } }])
  await isConnected(ben)
  expect(ben.client.doc).not.toBe(old)
  await until(() => nodeOf(ben, 'a')?.className === 'coflow-locked', 'ben sees the node, locked')
  expect(nodeOf(ben, 'b')).toBeDefined()
  await isSaved(ben)
  drop(ben, 'b', 50)
  await until(() => nodeOf(ann, 'b')?.position.x === 50, 'ben’s new document is the shared one')
  expect(ben.client.history.state.get().canUndo).toBe(true)
})

test('who loses the role becomes a reader at once, and who loses access is told', async () => {
  const server = await startServer({ AUTH_MODE: 'jwt', DEV_OPEN: '0' })
  const token = await server.token('ann', '--workflow', 'w=owner')
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const call = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${server.url}/api/workflows${path}`, {
      ...{ method, headers },
      ...(body && { body: JSON.stringify(body) })
    })
    expect(answer.ok, await answer.text()).toBe(true)
  }
  await call('POST', '', { id: 'w', nodes: [{ id: 'a', position: { x: 0, y: 0 } }] })
  await call('PUT', '/w/members/ben', { role: 'editor' })
  const ben = await join(server, 'ben', { workflowId: 'w', token: await server.token('ben') })
  await until(() => ben.client.role() === 'editor', 'ben is an editor')
  expect(nodeOf(ben, 'a')?.draggable).toBeUndefined()
  await call('PUT', '/w/members/ben', { role: 'viewer' })
  await until(() => ben.client.role() === 'viewer', 'ben is a viewer')
  expect(nodeOf(ben, 'a')?.draggable).toBe(false)
  addNode(ben, 'b')
  expect(nodeOf(ben, 'b')).toBeUndefined()
  await call('DELETE', '/w/members/ben')
  await until(() => ben.client.connection.get().status === 'closed', 'ben is out')
  expect(ben.client.connection.get().closed).toMatchObject({
    code: 4403,
    message: expect.stringContaining('access') as string
  })
})

test('what one edited offline who may not edit any more is offered to him, and kept nowhere', async () => {
  const server = await startServer({ AUTH_MODE: 'jwt', DEV_OPEN: '0' })
  const owner = new Rest({
    serverUrl: server.url,
    token: await server.token('ann', '--workflow', 'w=owner')
  })
  const setRole = (role: 'viewer' | 'editor') =>
    owner.http.PUT('/api/workflows/{workflow_id}/members/{user_id}', {
      params: { path: { workflow_id: 'w', user_id: 'ben' } },
      body: { role }
    })
  await owner.createWorkflow({ id: 'w' })
  await setRole('editor')
  const ben = await join(server, 'ben', { workflowId: 'w', token: await server.token('ben') })
  ben.client.disconnect()
  addNode(ben, 'b')
  await setRole('viewer')
  ben.client.connect()
  await until(() => ben.client.reset.get() !== null, 'ben is told')
  expect(ben.client.reset.get()).toMatchObject({
    reverted: [{ reason: 'permission_denied' }],
    unsavedContent: { nodes: [{ id: 'b' }] }
  })
  await isConnected(ben)
  expect(nodeOf(ben, 'b')).toBeUndefined()
  expect(ben.client.connection.get().unsavedChanges).toBe(0)
  expect(ben.client.canEdit()).toBe(false)
})

test('a share that lets edit, and not comment, lets edit', async () => {
  const server = await startServer({ AUTH_MODE: 'jwt', DEV_OPEN: '0' })
  const owner = new Rest({
    serverUrl: server.url,
    token: await server.token('ann', '--workflow', 'w=owner')
  })
  await owner.createWorkflow({ id: 'w', nodes: [{ id: 'a', position: { x: 0, y: 0 } }] })
  const share = await owner.createShare({
    workflow_id: 'w',
    permissions: { can_view: true, can_edit: true, can_comment: false, can_share: false }
  })
  const guest = new Rest({ serverUrl: server.url })
  const { token } = await guest.redeemShare(share.share_id, 'Grace')
  const grace = await join(server, 'grace', { workflowId: 'w', token: token ?? '' })
  await until(() => grace.client.role() === 'viewer', 'the role of grace is known')
  expect(grace.client.access.get()).toMatchObject({ permissions: ['view', 'edit'], canEdit: true })
  drop(grace, 'a', 70)
  await isSaved(grace)
  expect((await owner.getWorkflow('w')).nodes).toMatchObject([{ position: { x: 70 } }])
  await owner.revokeShare(share.share_id)
  await until(() => grace.client.connection.get().status === 'closed', 'the revoked guest is out')
})

test('a server that cannot be reached is said to be offline, and then found', async () => {
  const server = await startServer()
  await server.kill()
  const ann = arrive(server, 'ann', { workflowId: 'w' })
  await until(() => ann.client.connection.get().status === 'offline', 'ann is offline')
  expect(ann.client.connection.get().isLoaded).toBe(false)
  await server.start()
  await isConnected(ann)
  expect(ann.client.canEdit()).toBe(true)
})

test('where no socket can be had, REST tells who is there and what is locked', async () => {
  const server = await startServer()
  const ann = await join(server, 'ann', { workflowId: 'w' })
  addNode(ann, 'a')
  class BlockedSocket extends WebSocket {
    constructor() {
      // The discard port, where nobody answers.
      super('ws://127.0.0.1:9')
    }
  }
  const WebSocketPolyfill = BlockedSocket as unknown as typeof globalThis.WebSocket
  const ben = arrive(server, 'ben', { workflowId: 'w', WebSocketPolyfill })
  ben.client.setPresence({ cursor: { x: 3, y: 4 }, selectedNode: 'a' })
  await until(() => ben.client.participants.get().length === 2, 'ben sees ann')
  const bensCursor = () =>
    ann.client.participants.get().find((each) => each.userId === 'ben')?.cursor
  await until(() => bensCursor()?.x === 3, 'ann sees ben’s cursor')
  await ann.client.acquireLock('node', 'a')
  await until(() => ben.client.locks.get().length === 1, 'ben sees the lock')
  expect(ben.client.connection.get().status).toBe('offline')
  ben.client.destroy()
  await until(() => ann.client.participants.get().length === 1, 'ann sees that ben has left')
})

test('who finds the workflow full is told so, and let in when there is room', async () => {
  const server = await startServer()
  const ann = await join(server, 'ann', { workflowId: 'w' })
  await ann.client.inSession((id) => ann.client.rest.changeSession(id, { max_users: 2 }))
  const ben = await join(server, 'ben', { workflowId: 'w' })
  // An edit is judged by the newest rules: from here on the room knows of the limit, too.
  addNode(ann, 'a')
  await isSaved(ann)
  const cyd = arrive(server, 'cyd', { workflowId: 'w' })
  await until(() => cyd.client.connection.get().closed !== null, 'cyd is told')
  expect(cyd.client.connection.get()).toMatchObject({
    status: 'offline',
    closed: { code: 4523, message: expect.stringContaining('full') as string }
  })
  expect(ben.client.connection.get().status).toBe('connected')
  await ann.client.inSession((id) => ann.client.rest.changeSession(id, { max_users: null }))
  await isConnected(cyd)
  expect(cyd.client.connection.get().closed).toBeNull()
})
