/** The document as React Flow sees it: order, identity, and what is tolerated. */

import { describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { FlowStore } from '../src/flow/flow_store'
import { graphOf, listed, NODES, EDGES } from '../src/flow/read_graph'
import { createEntity, nextOrder, writeData, writeFields } from '../src/flow/write_graph'

function docWith(nodes: number): Y.Doc {
  const doc = new Y.Doc()
  doc.transact(() => {
    for (let i = 0; i < nodes; i += 1) {
      createEntity(doc, NODES, { id: `n${i}`, ...{ position: { x: i, y: 0 } }, data: { i } }, i)
    }
  })
  return doc
}

const node = (doc: Y.Doc, id: string): unknown => doc.getMap(NODES).get(id)

describe('order', () => {
  test('parents first, then by order, then by id', () => {
    const entries = [
      { id: 'child', order: 0, parentId: 'parent' },
      { id: 'b', order: 2 },
      { id: 'a', order: 2 },
      { id: 'parent', order: 3 },
      { id: 'last', order: Infinity }
    ]
    expect(listed(entries).ids).toEqual(['parent', 'child', 'a', 'b', 'last'])
  })

  test('missing parents and parents in a circle are ignored', () => {
    const entries = [
      { id: 'a', order: 0, parentId: 'b' },
      { id: 'b', order: 1, parentId: 'a' },
      { id: 'c', order: 2, parentId: 'b' },
      { id: 'd', order: 3, parentId: 'gone' }
    ]
    const { ids, rootless } = listed(entries)
    expect(ids).toEqual(['a', 'b', 'c', 'd'])
    expect([...rootless].sort()).toEqual(['a', 'b', 'd'])
  })
})

describe('identity', () => {
  test('a change of one node leaves the other 999 objects, and its own data, alone', () => {
    const doc = docWith(1000)
    const store = new FlowStore(doc)
    const before = store.state.get()
    writeFields(node(doc, 'n5'), { position: { x: 0, y: 9 } })
    const after = store.state.get()
    const changed = after.nodes.filter((each, i) => each !== before.nodes[i])
    expect(changed.map((each) => each.id)).toEqual(['n5'])
    expect(changed[0]?.data).toBe(before.nodes[5]?.data)
    expect(after.edges).toBe(before.edges)
    expect(after.meta).toBe(before.meta)
  })

  test('dragging, on this screen or another, touches the dragged node only', () => {
    const doc = docWith(100)
    const store = new FlowStore(doc)
    const before = store.state.get().nodes
    store.setLocal('n1', { position: { x: 5, y: 5 }, dragging: true })
    store.setDragged(new Map([['n2', { x: 7, y: 7 }]]))
    const after = store.state.get().nodes
    expect(after.filter((each, i) => each !== before[i]).map((each) => each.id)).toEqual([
      'n1',
      'n2'
    ])
    expect(after[1]?.position).toEqual({ x: 5, y: 5 })
    expect(after[2]?.position).toEqual({ x: 7, y: 7 })
  })

  test('nobody is told when nothing has changed', () => {
    const doc = docWith(3)
    const store = new FlowStore(doc)
    const listener = vi.fn()
    store.state.subscribe(listener)
    store.show()
    store.setDragged(new Map())
    store.setShown(
      () => null,
      () => null
    )
    writeData(node(doc, 'n1'), { i: 1 })
    writeFields(node(doc, 'n1'), { position: { x: 1, y: 0 } })
    expect(listener).not.toHaveBeenCalled()
  })

  test('only those nodes are made again of which the rules show something else', () => {
    const doc = docWith(3)
    const store = new FlowStore(doc)
    const before = store.state.get().nodes
    const shown = (id: string) => (id === 'n1' ? { draggable: false, className: 'locked' } : null)
    store.setShown(shown, () => null)
    const locked = store.state.get().nodes
    expect(locked[0]).toBe(before[0])
    expect(locked[1]).toMatchObject({ draggable: false, className: 'locked' })
    store.setShown(shown, () => null)
    expect(store.state.get().nodes).toBe(locked)
  })
})

describe('what other editors may have written', () => {
  test('entries that are no nodes, edges without ends, and edges to what is gone are not shown', () => {
    const doc = docWith(2)
    doc.getMap(NODES).set('text', 'no node')
    doc.getMap(NODES).set('bare', new Y.Map())
    createEntity(doc, EDGES, { id: 'e', ...{ source: 'n0', target: 'n1' } }, 0)
    createEntity(doc, EDGES, { id: 'half', ...{ source: 'n0' } }, 1)
    createEntity(doc, EDGES, { id: 'dangling', ...{ source: 'n0', target: 'gone' } }, 2)
    const store = new FlowStore(doc)
    const { nodes, edges } = store.state.get()
    expect(nodes.map((each) => each.id)).toEqual(['n0', 'n1', 'bare'])
    expect(nodes[2]).toEqual({ id: 'bare', position: { x: 0, y: 0 }, data: {} })
    expect(edges.map((each) => each.id)).toEqual(['e'])
    doc.getMap(NODES).delete('n1')
    expect(store.state.get().edges).toEqual([])
    expect(graphOf(doc).edges.map((each) => each.id)).toEqual(['e', 'dangling'])
  })

  test('a node whose parent goes is shown without one', () => {
    const doc = docWith(1)
    const child = { id: 'child', parentId: 'n0', position: { x: 0, y: 0 } }
    createEntity(doc, NODES, child, 1)
    const store = new FlowStore(doc)
    expect(store.state.get().nodes[1]?.parentId).toBe('n0')
    doc.getMap(NODES).delete('n0')
    expect(store.state.get().nodes).toEqual([{ id: 'child', position: { x: 0, y: 0 }, data: {} }])
  })
})

describe('writing', () => {
  test('long texts become Y.Text when a node is created, and are never converted afterwards', () => {
    const doc = new Y.Doc()
    createEntity(doc, NODES, { id: 'a', data: { prompt: 'Hi', label: 'A', code: 1 } }, 0)
    const data = (node(doc, 'a') as Y.Map<Y.Map<unknown>>).get('data')
    const prompt = data?.get('prompt')
    expect(prompt).toBeInstanceOf(Y.Text)
    expect(data?.get('label')).toBe('A')
    writeData(node(doc, 'a'), { prompt: 'Hello', label: undefined, code: 2 })
    expect(data?.get('prompt')).toBe(prompt)
    expect(data?.toJSON()).toEqual({ prompt: 'Hello', code: 2 })
  })

  test('what React Flow keeps for itself does not enter the document', () => {
    const doc = new Y.Doc()
    const entity = { id: 'a', selected: true, measured: { width: 1 }, width: 5, type: undefined }
    createEntity(doc, NODES, entity, nextOrder(doc.getMap(NODES)))
    expect(doc.getMap(NODES).toJSON()).toEqual({ a: { id: 'a', width: 5, data: {}, order: 0 } })
  })
})
