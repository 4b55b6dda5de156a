/** Clients whose tokens end, are refused, or turn out to be another user's. */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ApiError } from '../src/api/rest'
import { addNode, arrive, isConnected, isSaved, join, leaveAll, nodeOf } from './people'
import { ServerProcess } from './server_process'
import { until } from './until'

const OWNER = ['--workflow', '*=owner']
let server: ServerProcess
let anns: string

beforeAll(async () => {
  server = await ServerProcess.start({ AUTH_MODE: 'jwt', DEV_OPEN: '0', JWT_LEEWAY_S: '0' })
  anns = await server.token('ann', '--name', 'Ann', ...OWNER)
})
afterEach(leaveAll)
afterAll(() => server.stop())

async function create(id: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/workflows`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${anns}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ id })
  })
  expect(answer.status).toBe(201)
}

test('an expired token is renewed, and a connection that gets none is closed with a message', async () => {
  await create('renewed')
  const short = await server.token('ann', '--name', 'Ann', ...OWNER, '--expires-in', '3s')
  const tokens = [short]
  let asked = 0
  const ann = await join(server, 'ann', {
    workflowId: 'renewed',
    token: () => {
      asked += 1
      return tokens.shift() ?? anns
    }
  })
  expect(ann.client.role()).toBe('owner')
  await until(() => asked === 2, 'another token is asked for', 20_000)
  await isConnected(ann)
  expect(ann.client.participants.get()[0]).toMatchObject({ userId: 'ann', name: 'Ann' })
  addNode(ann, 'a')
  await isSaved(ann)

  const ben = arrive(server, 'ben', { workflowId: 'renewed', token: short })
  await until(() => ben.client.connection.get().status === 'closed', 'ben is told')
  expect(ben.client.connection.get().closed).toMatchObject({
    code: 4401,
    message: expect.stringContaining('Sign in') as string
  })
  expect(ben.client.canEdit()).toBe(false)
})

test('another string goes on where the last one was refused, with the same document', async () => {
  await create('pasted')
  const short = await server.token('ann', ...OWNER, '--expires-in', '3s')
  const ann = await join(server, 'ann', { workflowId: 'pasted', token: short })
  const isClosed = () => ann.client.connection.get().status === 'closed'
  await until(isClosed, 'the token has ended', 20_000)
  const { doc } = ann.client
  ann.client.setTokenSource(short)
  expect(isClosed()).toBe(true)
  ann.client.setTokenSource(anns)
  await isConnected(ann)
  expect(ann.client.doc).toBe(doc)
  addNode(ann, 'a')
  await isSaved(ann)

  // It may also come while the connection is being opened with the last one.
  const again = arrive(server, 'ann', { workflowId: 'pasted', token: short })
  again.client.setTokenSource(anns)
  await isConnected(again)
  await until(() => nodeOf(again, 'a') !== undefined, 'what was saved is there')
})

test('a function that is refused a token for good is not asked again', async () => {
  await create('refused')
  let asked = 0
  const ann = arrive(server, 'ann', {
    workflowId: 'refused',
    token: () => {
      asked += 1
      return Promise.reject(new ApiError(410, 'share_ended', 'The link has ended.'))
    }
  })
  await until(() => ann.client.connection.get().status === 'closed', 'ann is told')
  expect(ann.client.connection.get().closed).toMatchObject({ code: 4401, reason: 'share_ended' })
  expect(asked).toBe(1)
})

test('a function that fails for want of a network is asked again', async () => {
  await create('unreachable')
  let asked = 0
  const ann = arrive(server, 'ann', {
    workflowId: 'unreachable',
    token: () => {
      asked += 1
      return asked === 1 ? Promise.reject(new TypeError('Failed to fetch')) : anns
    }
  })
  await until(() => ann.client.connection.get().status === 'offline', 'ann is offline')
  await isConnected(ann)
  expect(asked).toBe(2)
})

test('a token of another user begins anew, with nothing of the one before', async () => {
  await create('changed')
  const bens = await server.token('ben', '--name', 'Ben', '--workflow', '*=viewer')
  const soon = await server.token('ann', ...OWNER, '--expires-in', '8s')
  const tokens = [soon]
  const person = await join(server, 'ann', {
    workflowId: 'changed',
    token: () => tokens.shift() ?? bens
  })
  addNode(person, 'a')
  await isSaved(person)
  const anns = person.client.doc
  await until(() => person.client.userId === 'ben', 'the second token is used', 20_000)
  await isConnected(person)
  await until(() => nodeOf(person, 'a') !== undefined, 'the document is there again')
  expect(person.client.doc).not.toBe(anns)
  expect(person.client.role()).toBe('viewer')
  expect(person.client.canEdit()).toBe(false)
  expect(person.client.history.state.get().canUndo).toBe(false)
  const self = person.client.participants.get().filter((each) => each.isSelf)
  expect(self).toMatchObject([{ userId: 'ben', name: 'Ben', role: 'viewer' }])
  expect(person.client.reset.get()).toBeNull()
})
