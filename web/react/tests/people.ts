/** Clients of a test's server, and what is asked of them again and again. */

import WebSocket from 'ws'
import { CoflowClient, type CoflowOptions } from '../src/client/coflow_client'
import { flowOf, type FlowBinding } from '../src/flow/flow_binding'
import type { ServerProcess } from './server_process'
import { until } from './until'

const clients: CoflowClient[] = []

export interface Person {
  client: CoflowClient
  flow: FlowBinding
}

/** Connected, and in step with the server. */
export async function join(
  server: ServerProcess,
  userId: string,
  options: Omit<CoflowOptions, 'userId' | 'serverUrl'>
): Promise<Person> {
  const person = arrive(server, userId, options)
  await isConnected(person)
  return person
}

export function arrive(
  server: ServerProcess,
  userId: string,
  options: Omit<CoflowOptions, 'userId' | 'serverUrl'>
): Person {
  const client = new CoflowClient({
    serverUrl: server.url,
    ...(options.token === undefined && { userId }),
    // ws has all that the provider uses of the browser's.
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    ...options
  })
  clients.push(client)
  client.connect()
  return { client, flow: flowOf(client) }
}

export function leaveAll(): void {
  for (const client of clients.splice(0)) client.destroy()
}

export function isConnected({ client }: Person): Promise<void> {
  return until(
    () => client.connection.get().status === 'connected' && client.session.get() !== null,
    `${client.userId} is connected`
  )
}

export function isSaved({ client }: Person): Promise<void> {
  return until(
    () =>
      client.connection.get().status === 'connected' &&
      client.connection.get().unsavedChanges === 0,
    `${client.userId}'s changes are saved`
  )
}

export function nodeOf({ flow }: Person, id: string) {
  return flow.state.get().nodes.find((each) => each.id === id)
}

export function addNode({ flow }: Person, id: string, data: Record<string, unknown> = {}): void {
  flow.addNode({ id, position: { x: 0, y: 0 }, data })
}

/** As React Flow tells it: many steps, then the drop. */
export function drag({ flow }: Person, id: string, steps: readonly number[]): void {
  for (const x of steps) {
    flow.onNodesChange([{ type: 'position', id, position: { x, y: 0 }, dragging: true }])
  }
}

export function drop({ flow }: Person, id: string, x: number): void {
  flow.onNodesChange([{ type: 'position', id, position: { x, y: 0 }, dragging: false }])
}
