/** Edges as this canvas shows them: with what they connect, by name, for screen readers. */

import type { Edge, Node } from '@xyflow/react'
import { useMemo } from 'react'
import { labelOf } from './edge_words'

/** By the document's object, so that React Flow sees the same objects for the same edges. */
const shown = new WeakMap<Edge, Edge>()
/** While only nodes move, React Flow is given the same list, and does nothing about its edges. */
const lists = new WeakMap<Edge[], Edge[]>()

/** `nodes` as `useShownNodes` has named them. */
export function useShownEdges(edges: Edge[], nodes: Node[]): Edge[] {
  return useMemo(() => {
    const names = new Map(nodes.map(({ id, ariaLabel }) => [id, ariaLabel ?? id]))
    const list = edges.map((edge) => {
      const ariaLabel = edge.ariaLabel ?? wordsOf(edge, names)
      const known = shown.get(edge)
      if (known?.ariaLabel === ariaLabel) return known
      const line = { ...edge, ariaLabel }
      shown.set(edge, line)
      return line
    })
    const last = lists.get(edges)
    if (last?.every((line, index) => line === list[index])) return last
    lists.set(edges, list)
    return list
  }, [edges, nodes])
}

function wordsOf(edge: Edge, names: ReadonlyMap<string, string>): string {
  const { source, target } = edge
  const ends = `Connection from ${names.get(source) ?? source} to ${names.get(target) ?? target}`
  const label = labelOf(edge)
  return label === '' ? ends : `${ends}: ${label}`
}
