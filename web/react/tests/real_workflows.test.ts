/** Real workflows, imported by the server: this package lists them as the server does. */

import { readdirSync, readFileSync } from 'node:fs'
import { join as joinPath, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import * as Y from 'yjs'
import { Rest } from '../src/api/rest'
import { graphOf, NODES } from '../src/flow/read_graph'
import { join, leaveAll } from './people'
import { ServerProcess } from './server_process'

const DIRECTORY = resolve(import.meta.dirname, '../../../tests/data/workflows')
const names = readdirSync(DIRECTORY).filter((each) => each.endsWith('.json'))

let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start()
})
afterEach(leaveAll)
afterAll(() => server.stop())

test.each(names)('%s is listed alike, and comes back from the flow unchanged', async (name) => {
  const graph = JSON.parse(readFileSync(joinPath(DIRECTORY, name), 'utf8')) as object
  const workflowId = name.replace('.json', '')
  const rest = new Rest({ serverUrl: server.url, userId: 'ann' })
  await rest.createWorkflow({ ...graph, id: workflowId })
  const ann = await join(server, 'ann', { workflowId })
  const listed = await ann.client.rest.getWorkflow(workflowId)
  const own = graphOf(ann.client.doc)
  expect(own).toEqual({ nodes: listed.nodes, edges: listed.edges, meta: listed.meta })

  // Created again by this package, node by node, it is the same graph, and the same kinds of text.
  const copy = await join(server, 'ben', { workflowId: `${workflowId}-copy` })
  for (const node of own.nodes) copy.flow.addNode(node)
  copy.flow.onEdgesChange(own.edges.map((item) => ({ type: 'add', item })))
  const { nodes, edges } = graphOf(copy.client.doc)
  expect({ nodes, edges }).toEqual({ nodes: own.nodes, edges: own.edges })
  const kinds = kindsIn(ann.client.doc.getMap(NODES))
  expect(kindsIn(copy.client.doc.getMap(NODES))).toEqual(kinds)
  expect(Object.keys(kinds).length).toBeGreaterThan(own.nodes.length)
})

/** All texts and maps, by where they are. */
function kindsIn(map: Y.Map<unknown>, at = ''): Record<string, string> {
  return Object.fromEntries(
    [...map].flatMap(([key, value]): [string, string][] => {
      const place = `${at}/${key}`
      if (value instanceof Y.Text) return [[place, 'text']]
      if (!(value instanceof Y.Map)) return []
      return [[place, 'map'], ...Object.entries(kindsIn(value as Y.Map<unknown>, place))]
    })
  )
}
