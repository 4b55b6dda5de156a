/** Three people who edit, lock, go offline and come back: in the end all have what the server has. */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { graphOf, NODES } from '../src/flow/read_graph'
import { writeData, writeSetting } from '../src/flow/write_graph'
import { addNode, drag, drop, isConnected, isSaved, join, leaveAll, type Person } from './people'
import { ServerProcess } from './server_process'
import { until } from './until'

const LONG = 'You answer questions about the quarterly reports, and about nothing else at all.'

let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start()
})
afterEach(leaveAll)
afterAll(() => server.stop())

test.each([1, 2, 3, 4])('seed %d', async (seed) => {
  let state = seed * 104_729
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below
  const workflowId = `fuzz-${seed}`
  const people: Person[] = []
  for (const name of ['ann', 'ben', 'cyd']) people.push(await join(server, name, { workflowId }))
  const someone = () => people[random(people.length)] as Person
  const id = () => `n${random(6)}`

  const actions: ((person: Person) => unknown)[] = [
    (person) => {
      const node = id()
      // Offline, two still create the same one.
      if (person.client.doc.getMap(NODES).has(node)) return
      addNode(person, node, { label: 'new', prompt: 'text', inputs: { text: LONG, n: 0 } })
    },
    (person) => person.flow.setNodeText(id(), ['inputs', 'text'], `${LONG} ${random(100)}`),
    (person) => person.flow.setNodeText(id(), ['inputs', 'model'], `m${random(100)}`),
    (person) => drag(person, id(), [1, 2, 3]),
    (person) => drop(person, id(), random(100)),
    (person) => person.flow.removeElements({ nodes: [id()] }),
    (person) => person.flow.updateNodeData(id(), { prompt: `text ${random(100)}` }),
    ({ flow }) =>
      flow.onConnect({ source: id(), target: id(), sourceHandle: null, targetHandle: null }),
    ({ client }) => client.history.undo(),
    ({ client }) => client.history.redo(),
    ({ client }) => client.disconnect(),
    ({ client }) => client.connect(),
    // Held or not: both are fine.
    ({ client }) => client.acquireLock('node', id()).catch(() => undefined),
    ({ client }) => {
      const own = client.locks.get().find((each) => each.lockedBy === client.userId)
      return own && client.releaseLock(own, false).catch(() => undefined)
    },
    // Without asking the rules, as one who does not know of a lock yet.
    ({ client }) => {
      const node = id()
      client.edit((doc) => writeData(doc.getMap(NODES).get(node), { label: `l${random(100)}` }))
    },
    ({ client }) => {
      const node = id()
      client.edit((doc) => {
        writeSetting(doc.getMap(NODES).get(node), 'inputs', 'text', `${LONG} ${random(100)}`)
      })
    },
    ({ client }) => {
      const node = id()
      client.edit((doc) => doc.getMap(NODES).delete(node))
    }
  ]
  for (let step = 0; step < 150; step += 1) await actions[random(actions.length)]?.(someone())

  for (const { client } of people) {
    if (client.connection.get().status === 'closed') client.retry()
    client.connect()
  }
  for (const person of people) {
    await isConnected(person)
    await isSaved(person)
  }
  const rest = (people[0] as Person).client.rest
  await until(async () => {
    const { nodes, edges } = await rest.getWorkflow(workflowId)
    const theirs = JSON.stringify(sorted({ nodes, edges }))
    return people.every(({ client }) => {
      const own = graphOf(client.doc)
      return JSON.stringify(sorted({ nodes: own.nodes, edges: own.edges })) === theirs
    })
  }, 'all have what the server has')
  for (const { client } of people) expect(client.connection.get().unsavedChanges).toBe(0)
})

/** With keys in one order: maps have none. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
