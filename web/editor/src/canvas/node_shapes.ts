/** How a node is to be built: which handles, who says its size, whether others lie in it. PURE. */

import type { Edge, Node } from '@xyflow/react'

export interface Shape {
  /** Ids of those that its edges name and its data declares, else one; null is the one without an id. */
  targets: readonly (string | null)[]
  sources: readonly (string | null)[]
  /** By the document; null leaves it to the content. */
  width: number | null
  height: number | null
  isParent: boolean
}

/** More would not fit beside a node. */
const MAX_DECLARED = 8

export const plainShape: Shape = {
  targets: [null],
  sources: [null],
  width: null,
  height: null,
  isParent: false
}

export function shapesEqual(a: Shape, b: Shape): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.isParent === b.isParent &&
    sameIds(a.targets, b.targets) &&
    sameIds(a.sources, b.sources)
  )
}

/** Of those nodes alone that differ from `plainShape`. */
export function shapesOf(nodes: readonly Node[], edges: readonly Edge[]): Map<string, Shape> {
  const targets = new Map<string, Set<string | null>>()
  const sources = new Map<string, Set<string | null>>()
  for (const edge of edges) {
    add(targets, edge.target, edge.targetHandle ?? null)
    add(sources, edge.source, edge.sourceHandle ?? null)
  }
  const parents = new Set(nodes.map((node) => node.parentId))
  const shapes = new Map<string, Shape>()
  for (const { id, data, width, height } of nodes) {
    const shape = {
      targets: union(targets.get(id), declared(data.inputAnchors)),
      sources: union(sources.get(id), declared(data.outputAnchors)),
      width: width ?? null,
      height: height ?? null,
      isParent: parents.has(id)
    }
    if (!shapesEqual(shape, plainShape)) shapes.set(id, shape)
  }
  return shapes
}

function add(to: Map<string, Set<string | null>>, nodeId: string, handle: string | null): void {
  const ids = to.get(nodeId)
  if (ids === undefined) to.set(nodeId, new Set([handle]))
  else ids.add(handle)
}

/** In the order of their declaration, then those that edges alone know of. */
function union(used: ReadonlySet<string | null> | undefined, ids: readonly string[]) {
  const isUsed = (id: string) => used?.has(id) === true
  const shown = ids.length > MAX_DECLARED ? ids.filter(isUsed) : ids
  const all = [...new Set<string | null>([...shown, ...(used ?? [])])]
  return all.length === 0 ? [null] : all
}

/** Flowise declares anchors, some of which are a choice of several. */
function declared(anchors: unknown): string[] {
  if (!Array.isArray(anchors)) return []
  return anchors.flatMap((anchor: unknown) => {
    const { id, options } = (anchor ?? {}) as { id?: unknown; options?: unknown }
    const chosen = declared(options)
    if (chosen.length > 0) return chosen
    return typeof id === 'string' ? [id] : []
  })
}

function sameIds(a: readonly (string | null)[], b: readonly (string | null)[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index])
}
