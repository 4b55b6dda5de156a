/** REST over a network that does not do its part. */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { dataOf, Rest } from '../src/api/rest'

const UNREACHABLE = { status: 0, code: 'unreachable' }
const PAGE = JSON.stringify({ items: [], next_cursor: null })
const JSON_TYPE = { 'Content-Type': 'application/json' }

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

async function restOf(answer: RequestListener, answerWithinMs?: number): Promise<Rest> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return new Rest({ serverUrl: `http://127.0.0.1:${port}`, answerWithinMs })
}

test('a server that never answers counts as one that cannot be reached', async () => {
  const rest = await restOf(() => undefined, 50)
  await expect(rest.listWorkflows()).rejects.toMatchObject(UNREACHABLE)
  await expect(rest.createWorkflow({ id: 'plan' })).rejects.toMatchObject(UNREACHABLE)
})

test('an answer that has begun may take its time', async () => {
  const rest = await restOf((_, response) => {
    response.writeHead(200, JSON_TYPE).write(PAGE.slice(0, 5))
    setTimeout(() => response.end(PAGE.slice(5)), 1_200)
  }, 600)
  expect(await rest.listWorkflows()).toEqual({ items: [], next_cursor: null })
})

test('what is sent may take longer than what is asked', async () => {
  const rest = await restOf(({ method }, response) => {
    setTimeout(
      () => response.writeHead(200, JSON_TYPE).end(PAGE),
      method === 'POST' ? 1_200 : 60_000
    )
  }, 600)
  await Promise.all([
    rest.createWorkflow({ id: 'plan' }),
    expect(rest.listWorkflows()).rejects.toMatchObject(UNREACHABLE)
  ])
})

test('a request ends when its own signal says so', async () => {
  const stop = new AbortController()
  // The server has it, and is silent.
  const rest = await restOf(() => stop.abort(new Error('not wanted any more')))
  const asked = rest.http.GET('/api/workflows', { signal: stop.signal })
  await expect(asked).rejects.toThrow('not wanted any more')
  await expect(dataOf(asked)).rejects.toMatchObject(UNREACHABLE)
})
