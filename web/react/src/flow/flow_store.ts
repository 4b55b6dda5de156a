/** A document as React Flow's nodes and edges, which stay the same objects for as long as nothing about them changes. */

import type { Edge, Node } from '@xyflow/react'
import type * as Y from 'yjs'
import { isEqualJson } from '../client/equality'
import { ValueStore } from '../client/store'
import type { Point } from '../types'
import {
  EDGES,
  listed,
  META,
  NODES,
  parentOf,
  readEdge,
  readMeta,
  readNode,
  readOrder,
  type EdgeJson,
  type NodeJson,
  type Ordered
} from './read_graph'
import { shownEdge, shownNode } from './shown_fields'

/** What this screen alone knows of a node. */
export type LocalNode = Partial<
  Pick<Node, 'selected' | 'measured' | 'dragging' | 'resizing' | 'position' | 'width' | 'height'>
>

/** What locks and roles leave of a node or an edge. */
export interface Shown {
  draggable?: boolean
  deletable?: boolean
  connectable?: boolean
  reconnectable?: boolean
  className?: string
}

export interface FlowState {
  nodes: Node[]
  edges: Edge[]
  meta: Record<string, unknown>
}

interface Entry<Json, View> {
  json: Json
  order: number
  shown: Shown | null
  /** Null when it has to be made anew. */
  view: View | null
}

export class FlowStore {
  readonly state: ValueStore<FlowState>
  readonly #doc: Y.Doc
  readonly #nodes = new Map<string, Entry<NodeJson, Node>>()
  readonly #edges = new Map<string, Entry<EdgeJson, Edge>>()
  readonly #localNodes = new Map<string, LocalNode>()
  readonly #dragging = new Set<string>()
  readonly #selectedEdges = new Set<string>()
  #shownNode: (id: string) => Shown | null = () => null
  #shownEdge: (id: string) => Shown | null = () => null
  /** Where others are just now dragging nodes to. */
  #dragged: ReadonlyMap<string, Point> = new Map()
  #nodeIds: string[] = []
  #rootless = new Set<string>()
  #edgeIds: string[] = []
  readonly #stop: (() => void)[] = []

  constructor(doc: Y.Doc) {
    this.#doc = doc
    for (const [id, entry] of doc.getMap(NODES)) this.#readNode(id, entry)
    for (const [id, entry] of doc.getMap(EDGES)) this.#readEdge(id, entry)
    this.#sortNodes()
    this.#sortEdges()
    this.state = new ValueStore<FlowState>({ ...this.#views(), meta: readMeta(doc) })
    this.#observe(NODES, (events) => this.#onNodes(events))
    this.#observe(EDGES, (events) => this.#onEdges(events))
    this.#observe(META, () => this.state.set({ ...this.state.get(), meta: readMeta(doc) }))
  }

  destroy(): void {
    for (const stop of this.#stop) stop()
  }

  hasNode(id: string): boolean {
    return this.#nodes.has(id)
  }

  hasEdge(id: string): boolean {
    return this.#edges.has(id)
  }

  positionOf(id: string): Point | null {
    return this.#nodes.get(id)?.json.position ?? null
  }

  localOf(id: string): LocalNode {
    return this.#localNodes.get(id) ?? {}
  }

  selectedNodes(): string[] {
    return this.#nodeIds.filter((id) => this.#localNodes.get(id)?.selected === true)
  }

  /** Those that are being dragged on this screen. */
  dragged(): [string, LocalNode][] {
    return [...this.#dragging].map((id) => [id, this.localOf(id)])
  }

  /** Many of these, then one `show`. Keys that are undefined are taken away. */
  setLocal(id: string, part: { [Key in keyof LocalNode]: LocalNode[Key] | undefined }): void {
    const merged = { ...this.#localNodes.get(id), ...part }
    const kept = Object.entries(merged).filter(([, value]) => value !== undefined)
    this.#localNodes.set(id, Object.fromEntries(kept))
    if (merged.dragging === true) this.#dragging.add(id)
    else this.#dragging.delete(id)
    this.#forgetView(id)
  }

  selectEdge(id: string, isSelected: boolean): void {
    if (isSelected) this.#selectedEdges.add(id)
    else this.#selectedEdges.delete(id)
    const entry = this.#edges.get(id)
    if (entry !== undefined) entry.view = null
  }

  /** Asks for everything anew, and makes those objects again of which it is another now. */
  setShown(node: (id: string) => Shown | null, edge: (id: string) => Shown | null): void {
    this.#shownNode = node
    this.#shownEdge = edge
    for (const entry of this.#nodes.values()) showAnew(entry, node(entry.json.id))
    for (const entry of this.#edges.values()) showAnew(entry, edge(entry.json.id))
    this.show()
  }

  setDragged(dragged: ReadonlyMap<string, Point>): void {
    const before = this.#dragged
    this.#dragged = dragged
    for (const id of new Set([...before.keys(), ...dragged.keys()])) {
      const a = before.get(id)
      const b = dragged.get(id)
      if (a?.x !== b?.x || a?.y !== b?.y) this.#forgetView(id)
    }
    this.show()
  }

  /** Tell, if anything has changed. */
  show(): void {
    const before = this.state.get()
    const { nodes, edges } = this.#views()
    const isSame = isSameList(before.nodes, nodes) && isSameList(before.edges, edges)
    if (isSame) return
    this.state.set({
      ...before,
      nodes: isSameList(before.nodes, nodes) ? before.nodes : nodes,
      edges: isSameList(before.edges, edges) ? before.edges : edges
    })
  }

  #observe(root: string, onEvents: (events: Y.YEvent<Y.AbstractType<unknown>>[]) => void): void {
    const map = this.#doc.getMap(root)
    // Yjs types what it passes as YEvent<any>.
    const observer = onEvents as Parameters<typeof map.observeDeep>[0]
    map.observeDeep(observer)
    this.#stop.push(() => map.unobserveDeep(observer))
  }

  #onNodes(events: Y.YEvent<Y.AbstractType<unknown>>[]): void {
    const root = this.#doc.getMap(NODES)
    let isSorted = true
    for (const [id, change] of changesOf(events)) {
      const before = this.#nodes.get(id)
      this.#readNode(id, root.get(id), change === 'fields' ? before?.json.data : undefined)
      const after = this.#nodes.get(id)
      if (after === undefined) {
        this.#localNodes.delete(id)
        this.#dragging.delete(id)
      }
      if (before?.order !== after?.order || parentIn(before) !== parentIn(after)) isSorted = false
      if ((before === undefined) !== (after === undefined)) isSorted = false
    }
    if (!isSorted) {
      this.#sortNodes()
      // Edges to what is gone, or not yet here, are not shown.
      this.#sortEdges()
    }
    this.show()
  }

  #onEdges(events: Y.YEvent<Y.AbstractType<unknown>>[]): void {
    const root = this.#doc.getMap(EDGES)
    for (const [id, change] of changesOf(events)) {
      const before = this.#edges.get(id)
      this.#readEdge(id, root.get(id), change === 'fields' ? before?.json.data : undefined)
      if (!this.#edges.has(id)) this.#selectedEdges.delete(id)
    }
    this.#sortEdges()
    this.show()
  }

  #readNode(id: string, entry: unknown, data?: Record<string, unknown>): void {
    const json = readNode(id, entry, data)
    if (json === null) this.#nodes.delete(id)
    else
      this.#nodes.set(id, { json, order: readOrder(entry), shown: this.#shownNode(id), view: null })
  }

  #readEdge(id: string, entry: unknown, data?: Record<string, unknown>): void {
    const json = readEdge(id, entry, data)
    if (json === null) this.#edges.delete(id)
    else
      this.#edges.set(id, { json, order: readOrder(entry), shown: this.#shownEdge(id), view: null })
  }

  #sortNodes(): void {
    const entries: Ordered[] = [...this.#nodes.values()].map(({ json, order }) => ({
      id: json.id,
      order,
      parentId: parentOf(json)
    }))
    const { ids, rootless } = listed(entries)
    for (const id of [...rootless, ...this.#rootless]) this.#forgetView(id)
    this.#nodeIds = ids
    this.#rootless = rootless
  }

  #sortEdges(): void {
    const entries = [...this.#edges.values()]
      .filter(({ json }) => this.#nodes.has(json.source) && this.#nodes.has(json.target))
      .map(({ json, order }) => ({ id: json.id, order }))
    this.#edgeIds = listed(entries).ids
  }

  #forgetView(id: string): void {
    const entry = this.#nodes.get(id)
    if (entry !== undefined) entry.view = null
  }

  #views(): { nodes: Node[]; edges: Edge[] } {
    const nodes: Node[] = []
    for (const id of this.#nodeIds) {
      const entry = this.#nodes.get(id)
      if (entry !== undefined) nodes.push((entry.view ??= this.#nodeView(entry)))
    }
    const edges: Edge[] = []
    for (const id of this.#edgeIds) {
      const entry = this.#edges.get(id)
      if (entry !== undefined) edges.push((entry.view ??= this.#edgeView(entry)))
    }
    return { nodes, edges }
  }

  #nodeView({ json, shown }: Entry<NodeJson, Node>): Node {
    const { id } = json
    const dragged = this.#dragged.get(id)
    const view: Node = {
      ...withShown(shownNode(json), shown),
      ...(dragged !== undefined && { position: dragged }),
      ...this.#localNodes.get(id)
    }
    // React Flow cannot place a node whose parent is missing.
    if (this.#rootless.has(id)) delete view.parentId
    return view
  }

  #edgeView({ json, shown }: Entry<EdgeJson, Edge>): Edge {
    const isSelected = this.#selectedEdges.has(json.id)
    return { ...withShown(shownEdge(json), shown), ...(isSelected && { selected: true }) }
  }
}

function withShown<Json extends NodeJson | EdgeJson>(json: Json, shown: Shown | null): Json {
  if (shown === null) return json
  const { className } = json
  if (typeof className !== 'string' || shown.className === undefined) return { ...json, ...shown }
  return { ...json, ...shown, className: `${className} ${shown.className}` }
}

function showAnew(entry: Entry<unknown, unknown>, shown: Shown | null): void {
  if (isEqualJson(entry.shown, shown)) return
  entry.shown = shown
  entry.view = null
}

function parentIn(entry: Entry<NodeJson, Node> | undefined): unknown {
  return entry?.json.parentId
}

/** Which entries changed: the whole, or some fields and nothing in `data`. */
function changesOf(events: Y.YEvent<Y.AbstractType<unknown>>[]): Map<string, 'whole' | 'fields'> {
  const changes = new Map<string, 'whole' | 'fields'>()
  for (const event of events) {
    const [id, key] = event.path
    if (event.path.length === 0) {
      for (const changed of event.keys.keys()) changes.set(changed, 'whole')
    } else if (typeof id === 'string') {
      const isInData = key === 'data' || (key === undefined && event.keys.has('data'))
      if (isInData) changes.set(id, 'whole')
      else if (!changes.has(id)) changes.set(id, 'fields')
    }
  }
  return changes
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}
