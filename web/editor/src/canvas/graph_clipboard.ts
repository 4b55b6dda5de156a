/** Nodes and edges as JSON for the clipboard, and what is pasted as new ones. PURE. */

import type { Edge, Node, XYPosition } from '@xyflow/react'
import { newId } from './new_id'

export interface Graph {
  nodes: Node[]
  edges: Edge[]
}

/** What one screen or React Flow itself adds. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  ...['selected', 'dragging', 'resizing', 'measured', 'positionAbsolute', 'className'],
  ...['draggable', 'deletable', 'connectable', 'reconnectable']
])

/** The nodes, those that lie in them, and the edges between them. */
export function graphOf(nodeIds: readonly string[], all: Graph): Graph {
  const ids = withDescendants(nodeIds, all.nodes)
  return {
    nodes: all.nodes.filter((node) => ids.has(node.id)).map(plain),
    edges: all.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)).map(plain)
  }
}

export function withDescendants(nodeIds: readonly string[], nodes: readonly Node[]): Set<string> {
  const ids = new Set(nodeIds)
  // Parents are listed before their children.
  for (const node of nodes) {
    if (node.parentId !== undefined && ids.has(node.parentId)) ids.add(node.id)
  }
  return ids
}

/** Null if the text is no graph. */
export function graphFrom(text: string): Graph | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return null
  }
  const { nodes, edges } = (parsed ?? {}) as { nodes?: unknown; edges?: unknown }
  if (!Array.isArray(nodes) || !nodes.every(isNode)) return null
  return { nodes, edges: Array.isArray(edges) ? edges.filter(isEdge) : [] }
}

/** The same graph under new ids, moved by `offset`; edges to what is not in it are left out. */
export function renewed(graph: Graph, offset: XYPosition): Graph {
  const ids = new Map(graph.nodes.map((node) => [node.id, newId(node.type ?? 'node')]))
  const nodes = graph.nodes.map((node): Node => {
    const { parentId, extent, ...rest } = plain(node)
    const parent = parentId === undefined ? undefined : ids.get(parentId)
    const { x, y } = node.position
    return {
      ...rest,
      id: ids.get(node.id) ?? node.id,
      // Inside of a copied parent everything stays where it is.
      position: parent === undefined ? { x: x + offset.x, y: y + offset.y } : { x, y },
      ...(parent !== undefined && { parentId: parent, ...(extent !== undefined && { extent }) })
    }
  })
  const edges = graph.edges.flatMap((edge) => {
    const source = ids.get(edge.source)
    const target = ids.get(edge.target)
    if (source === undefined || target === undefined) return []
    return [{ ...plain(edge), id: newId('edge'), source, target }]
  })
  return { nodes, edges }
}

function plain<T extends object>(element: T): T {
  const kept = Object.entries(element).filter(([key]) => !NOT_COPIED.has(key))
  return Object.fromEntries(kept) as T
}

function isNode(value: unknown): value is Node {
  const { id, position } = (value ?? {}) as {
    id?: unknown
    position?: { x?: unknown; y?: unknown }
  }
  return typeof id === 'string' && typeof position?.x === 'number' && typeof position.y === 'number'
}

function isEdge(value: unknown): value is Edge {
  const { source, target } = (value ?? {}) as { source?: unknown; target?: unknown }
  return typeof source === 'string' && typeof target === 'string'
}
