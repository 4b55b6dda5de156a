/** React Flow's changes to a client's document, presence and screen, and back: what `useFlow` hands out. */

import type { Connection, Edge, EdgeChange, Node, NodeChange } from '@xyflow/react'
import { uuidv4 } from 'lib0/random'
import type { CoflowClient } from '../client/coflow_client'
import { isEqualJson } from '../client/equality'
import { foreignLock, holdsLock } from '../client/lock_rules'
import { ValueStore } from '../client/store'
import type { Lock, Point, ResourceType } from '../types'
import type { DataPath } from './data_path'
import { FlowStore, type FlowState, type Shown } from './flow_store'
import { LocalMoves, type Move } from './local_moves'
import { EDGES, META, NODES } from './read_graph'
import { RemoteDrags } from './remote_drags'
import { createEntity, nextOrder, writeData, writeFields, writeSetting } from './write_graph'

const LOCKED: Shown = {
  draggable: false,
  deletable: false,
  connectable: false,
  className: 'coflow-locked'
}
const NOT_EDITABLE: Shown = { draggable: false, deletable: false, connectable: false }
const LOCKED_EDGE: Shown = { deletable: false, reconnectable: false, className: 'coflow-locked' }
const NOT_EDITABLE_EDGE: Shown = { deletable: false, reconnectable: false }

export class FlowBinding {
  readonly state: ValueStore<FlowState>
  readonly #client: CoflowClient
  readonly #drags: RemoteDrags
  #flow: FlowStore
  #moves: LocalMoves
  #stopFlow: () => void = () => undefined
  /** As others see it. */
  #selected: readonly string[] = []
  #canvases = 0

  constructor(client: CoflowClient) {
    this.#client = client
    this.#flow = new FlowStore(client.doc)
    this.#moves = new LocalMoves(this.#flow)
    this.state = new ValueStore(this.#flow.state.get())
    this.#drags = new RemoteDrags(
      (id) => this.#flow.positionOf(id),
      (dragged) => this.#flow.setDragged(dragged)
    )
    this.#follow()
    client.document.subscribe(() => {
      this.#stopFlow()
      this.#drags.clear()
      this.#flow = new FlowStore(client.doc)
      this.#moves = new LocalMoves(this.#flow)
      this.#follow()
      this.#shareDrag()
    })
    // The client's stores and this end together, with the client.
    for (const store of [client.locks, client.session, client.access]) {
      store.subscribe(() => this.#applyRules())
    }
    client.participants.subscribe(() => {
      this.#drags.follow(client.participants.get().filter((each) => !each.isSelf))
    })
  }

  isLockedByOther(type: ResourceType, id: string): Lock | null {
    return foreignLock(this.#client.locks.get(), type, id, this.#client.userId)
  }

  /** Whether this user may change it now: role, mode and locks. */
  mayEdit(type: ResourceType, id: string): boolean {
    const client = this.#client
    if (!client.canEdit() || this.isLockedByOther(type, id) !== null) return false
    if (client.session.get()?.mode !== 'locked') return true
    return holdsLock(client.locks.get(), type, id, client.userId)
  }

  /** As `mayEdit`; that something was not done is told. */
  #mayDo(type: ResourceType, id: string): boolean {
    if (this.mayEdit(type, id)) return true
    this.#client.tellNotDone({ type, id })
    return false
  }

  /** For as long as a canvas is there: with the last one ends what a pointer was about to do. */
  hold(): () => void {
    this.#canvases += 1
    return () => {
      this.#canvases -= 1
      if (this.#canvases > 0) return
      this.cancelDrag()
      // The pointer is gone too.
      this.#moves = new LocalMoves(this.#flow)
    }
  }

  /** The pointer that is dragging goes on for nothing. Returns whether there was a drag or a resize. */
  readonly cancelDrag = (): boolean => {
    const hadAny = this.#moves.cancel()
    this.#shareDrag()
    this.#flow.show()
    return hadAny
  }

  readonly onNodesChange = (changes: NodeChange[]): void => {
    const removed: string[] = []
    let isSelection = false
    for (const change of changes) {
      switch (change.type) {
        case 'select':
          this.#flow.setLocal(change.id, { selected: change.selected || undefined })
          isSelection = true
          break
        case 'remove':
          removed.push(change.id)
          break
        case 'add':
          this.addNode(change.item)
          break
        case 'replace':
          this.#replace(NODES, change.item)
          break
      }
    }
    const ended = this.#moves.take(changes)
    if (ended !== null) this.#write(ended)
    if (removed.length > 0) this.#remove({ nodes: removed, edges: [] })
    if (isSelection) this.#shareSelection()
    this.#shareDrag()
    this.#flow.show()
  }

  readonly onEdgesChange = (changes: EdgeChange[]): void => {
    const removed: string[] = []
    for (const change of changes) {
      if (change.type === 'select') this.#flow.selectEdge(change.id, change.selected)
      else if (change.type === 'remove') removed.push(change.id)
      else if (change.type === 'add') this.#create(EDGES, change.item)
      else this.#replace(EDGES, change.item)
    }
    if (removed.length > 0) this.#remove({ nodes: [], edges: removed })
    this.#flow.show()
  }

  readonly onConnect = (connection: Connection): void => {
    if (!this.#client.canEdit()) return
    const { source, target, sourceHandle, targetHandle } = connection
    const isThere = this.state
      .get()
      .edges.some(
        (each) =>
          each.source === source &&
          each.target === target &&
          (each.sourceHandle ?? null) === sourceHandle &&
          (each.targetHandle ?? null) === targetHandle
      )
    if (isThere) return
    this.#create(EDGES, {
      ...{ id: `e-${uuidv4()}`, source, target },
      ...(sourceHandle !== null && { sourceHandle }),
      ...(targetHandle !== null && { targetHandle })
    })
  }

  readonly addNode = (node: Node): void => this.#create(NODES, node)

  /** Nodes with the edges at them, and edges, in one step. What others have locked stays. */
  readonly removeElements = (ids: {
    nodes?: string[] | undefined
    edges?: string[] | undefined
  }): void => {
    const nodes = (ids.nodes ?? []).filter((id) => this.mayEdit('node', id))
    const gone = new Set(nodes)
    const attached = this.state
      .get()
      .edges.filter((each) => gone.has(each.source) || gone.has(each.target))
      .map((each) => each.id)
    this.#remove({ nodes, edges: [...new Set([...(ids.edges ?? []), ...attached])] })
  }

  readonly updateNodeData = (id: string, patch: Record<string, unknown>): void => {
    if (!this.#mayDo('node', id)) return
    this.#client.edit((doc) => writeData(doc.getMap(NODES).get(id), patch))
  }

  /** What differs of a text in `data` or in its settings; the rest stays as others type it. */
  readonly setNodeText = (id: string, [key, setting]: DataPath, text: string): void => {
    if (!this.#mayDo('node', id)) return
    this.#client.edit((doc) => {
      const node = doc.getMap(NODES).get(id)
      if (setting === undefined) writeData(node, { [key]: text })
      else writeSetting(node, key, setting, text)
    })
  }

  readonly setMeta = (key: string, value: unknown): void => {
    if (!this.#mayDo('workflow', this.#client.options.workflowId)) return
    this.#client.edit((doc) => {
      const meta = doc.getMap(META)
      if (isEqualJson(meta.get(key), value)) return
      if (value === undefined) meta.delete(key)
      else meta.set(key, value)
    })
  }

  #follow(): void {
    const flow = this.#flow
    const stop = flow.state.subscribe(() => {
      this.state.set(flow.state.get())
      if (this.#selected.some((id) => !flow.hasNode(id))) this.#shareSelection()
    })
    const onChange = () => this.#drags.documentChanged()
    const doc = this.#client.doc
    doc.on('afterTransaction', onChange)
    this.#stopFlow = () => {
      stop()
      doc.off('afterTransaction', onChange)
      flow.destroy()
    }
    this.#rules = null
    this.#applyRules()
    this.state.set(flow.state.get())
  }

  /** What the flags were last made from. */
  #rules: readonly unknown[] | null = null

  #applyRules(): void {
    const client = this.#client
    const locks = client.locks.get()
    const mode = client.session.get()?.mode
    const rules = [client.canEdit(), locks, mode, client.userId]
    if (this.#rules?.every((each, i) => each === rules[i]) === true) return
    this.#rules = rules
    const shown = (type: ResourceType, id: string, locked: Shown, notEditable: Shown) => {
      if (this.isLockedByOther(type, id) !== null) return locked
      return this.mayEdit(type, id) ? null : notEditable
    }
    this.#flow.setShown(
      (id) => shown('node', id, LOCKED, NOT_EDITABLE),
      (id) => shown('edge', id, LOCKED_EDGE, NOT_EDITABLE_EDGE)
    )
  }

  /** Nodes that are where the document does not have them yet, for the others to see. */
  #shareDrag(): void {
    const dragging: Record<string, Point> = {}
    for (const [id, { position }] of this.#flow.dragged()) if (position) dragging[id] = position
    this.#client.setPresence({ dragging: Object.keys(dragging).length > 0 ? dragging : null })
  }

  #shareSelection(): void {
    const selectedNodes = this.#flow.selectedNodes()
    this.#selected = selectedNodes
    this.#client.setPresence({ selectedNode: selectedNodes.at(-1) ?? null, selectedNodes })
  }

  #write(moves: ReadonlyMap<string, Move>): void {
    this.#client.history.beginStep()
    this.#client.edit((doc) => {
      for (const [id, move] of moves) {
        if (this.#mayDo('node', id)) writeFields(doc.getMap(NODES).get(id), { ...move })
      }
    })
  }

  #create(collection: 'nodes' | 'edges', entity: Node | Edge): void {
    const { workflowId } = this.#client.options
    if (!this.#client.canEdit() || this.isLockedByOther('workflow', workflowId) !== null) {
      this.#client.tellNotDone({ type: 'workflow', id: workflowId })
      return
    }
    if (this.#client.doc.getMap(collection).has(entity.id)) {
      throw new Error(`There is something with the id "${entity.id}" already: it would be lost.`)
    }
    this.#client.history.beginStep()
    if (collection === NODES && entity.selected === true) this.#selectOnly(entity.id)
    this.#client.edit((doc) => {
      createEntity(doc, collection, { ...entity }, nextOrder(doc.getMap(collection)))
    })
  }

  #selectOnly(id: string): void {
    for (const each of this.#flow.selectedNodes())
      this.#flow.setLocal(each, { selected: undefined })
    this.#flow.setLocal(id, { selected: true })
    this.#client.setPresence({ selectedNode: id, selectedNodes: [id] })
  }

  /** Of what React Flow would show instead, that is written which differs from what it was given. */
  #replace(collection: 'nodes' | 'edges', entity: Node | Edge): void {
    if (!this.mayEdit(collection === NODES ? 'node' : 'edge', entity.id)) return
    const shown = this.state.get()[collection].find(({ id }) => id === entity.id)
    if (shown === undefined) return
    this.#client.edit((doc) => {
      const entry: unknown = doc.getMap(collection).get(entity.id)
      writeFields(entry, differences(shown, entity))
      writeData(entry, differences(shown.data ?? {}, entity.data ?? {}))
    })
  }

  #remove(ids: { nodes: string[]; edges: string[] }): void {
    const nodes = ids.nodes.filter((id) => this.#flow.hasNode(id) && this.mayEdit('node', id))
    const edges = ids.edges.filter((id) => this.#flow.hasEdge(id) && this.mayEdit('edge', id))
    if (nodes.length + edges.length === 0) return
    this.#client.history.beginStep()
    this.#client.edit((doc) => {
      for (const id of edges) doc.getMap(EDGES).delete(id)
      for (const id of nodes) doc.getMap(NODES).delete(id)
    })
  }
}

/** What has changed; undefined for what is gone. */
function differences(before: object, after: object): Record<string, unknown> {
  const values = {
    ...Object.fromEntries(Object.keys(before).map((key) => [key, undefined])),
    ...after
  }
  const known = before as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(values).filter(([key, value]) => !isEqualJson(known[key], value))
  )
}

const bindings = new WeakMap<CoflowClient, FlowBinding>()

/** One for each client, so that all who show its flow share selection and drag. */
export function flowOf(client: CoflowClient): FlowBinding {
  let binding = bindings.get(client)
  if (binding === undefined) bindings.set(client, (binding = new FlowBinding(client)))
  return binding
}
