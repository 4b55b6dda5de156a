/** However a document came about, the flow that followed it is the one that is read from it anew. */

import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { FlowStore } from '../src/flow/flow_store'
import { EDGES, graphOf, NODES } from '../src/flow/read_graph'
import {
  createEntity,
  nextOrder,
  writeData,
  writeFields,
  writeSetting
} from '../src/flow/write_graph'

const IDS = ['a', 'b', 'c', 'd', 'e']

test.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %d', (seed) => {
  let state = seed * 7919
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below
  const pick = () => IDS[random(IDS.length)] ?? 'a'
  const setting = () =>
    [step, `x${step}`, `x${step}`.repeat(30), undefined, { deep: step }][random(5)]
  const settings = () => ({ [pick()]: setting(), [pick()]: setting() })
  let step = 0
  const peers = [0, 1].map(() => {
    const doc = new Y.Doc()
    const undo = new Y.UndoManager([doc.getMap(NODES), doc.getMap(EDGES)], {
      trackedOrigins: new Set(['own']),
      captureTimeout: 0
    })
    return { doc, undo, store: new FlowStore(doc) }
  })
  const sync = () => {
    for (const from of peers) {
      for (const to of peers) Y.applyUpdate(to.doc, Y.encodeStateAsUpdate(from.doc))
    }
  }

  for (; step < 300; step += 1) {
    const { doc, undo } = peers[random(2)] ?? { doc: new Y.Doc(), undo: null }
    const nodes = doc.getMap(NODES)
    const edges = doc.getMap(EDGES)
    const position = { x: random(9), y: random(9) }
    const actions = [
      () =>
        createEntity(
          doc,
          NODES,
          { id: pick(), ...{ position }, data: { prompt: 'x', n: step, inputs: settings() } },
          nextOrder(nodes)
        ),
      () => writeFields(nodes.get(pick()), { position }),
      () => writeFields(nodes.get(pick()), { parentId: random(2) === 0 ? pick() : undefined }),
      () => writeData(nodes.get(pick()), { prompt: `x${step}`, n: step }),
      () => writeData(nodes.get(pick()), { inputs: settings() }),
      () => writeSetting(nodes.get(pick()), 'inputs', pick(), setting()),
      () => writeSetting(nodes.get(pick()), 'config', pick(), setting()),
      // As a document from before settings were maps has it.
      () => dataOf(nodes.get(pick()))?.set('inputs', { [pick()]: setting() }),
      () => nodes.delete(pick()),
      () =>
        createEntity(
          doc,
          EDGES,
          { id: pick(), ...{ source: pick(), target: pick() } },
          nextOrder(edges)
        ),
      () => edges.delete(pick()),
      () => nodes.set(pick(), 'no node')
    ]
    doc.transact(actions[random(actions.length)] ?? (() => undefined), 'own')
    if (random(10) === 0) undo?.undo()
    if (random(10) === 0) undo?.redo()
    if (random(5) === 0) sync()
    for (const peer of peers) {
      const fresh = new FlowStore(peer.doc)
      expect(peer.store.state.get()).toEqual(fresh.state.get())
      fresh.destroy()
    }
  }
  sync()
  expect(graphOf(peers[0]?.doc ?? new Y.Doc())).toEqual(graphOf(peers[1]?.doc ?? new Y.Doc()))
})

function dataOf(node: unknown): Y.Map<unknown> | null {
  const data: unknown = node instanceof Y.Map ? node.get('data') : null
  return data instanceof Y.Map ? (data as Y.Map<unknown>) : null
}
