/** Where an edge from a node can lead to, the nearest first. PURE. */

import type { Edge, Node } from '@xyflow/react'
import { plainShape, shapesOf } from './node_shapes'
import { anchorLabelsOf, isNote, kindOf, titleOf } from './node_words'

export interface Place {
  x: number
  y: number
}

export interface Choice {
  target: string
  targetHandle: string | null
  title: string
  /** What kind of node it is, and, of several, which of its inputs. */
  detail: string
  isConnected: boolean
}

export interface Output {
  id: string | null
  label: string
}

export function outputsOf(
  nodes: readonly Node[],
  edges: readonly Edge[],
  source: string
): Output[] {
  const node = nodes.find(({ id }) => id === source)
  if (node === undefined) return []
  const { sources } = shapesOf(nodes, edges).get(source) ?? plainShape
  const labels = anchorLabelsOf(node.data)
  return sources.map((id) => ({ id, label: nameOfHandle(id, labels) }))
}

export function choicesFrom(
  {
    nodes,
    edges,
    placeOf
  }: {
    nodes: readonly Node[]
    edges: readonly Edge[]
    placeOf: (nodeId: string) => Place
  },
  from: { source: string; sourceHandle: string | null }
): Choice[] {
  const shapes = shapesOf(nodes, edges)
  const start = placeOf(from.source)
  const distance = ({ id }: Node) => Math.hypot(placeOf(id).x - start.x, placeOf(id).y - start.y)
  return nodes
    .filter(({ id, type, data }) => id !== from.source && !isNote(type, data))
    .sort((a, b) => distance(a) - distance(b))
    .flatMap(({ id, type, data }) => {
      const { targets } = shapes.get(id) ?? plainShape
      const title = titleOf(data, type, id)
      const labels = anchorLabelsOf(data)
      return targets.map((targetHandle) => ({
        target: id,
        targetHandle,
        title,
        detail: [kindOf(data, type), targets.length > 1 ? nameOfHandle(targetHandle, labels) : '']
          .filter((each) => each !== '' && each !== title)
          .join(' · '),
        isConnected: edges.some(
          (edge) =>
            edge.source === from.source &&
            edge.target === id &&
            (edge.sourceHandle ?? null) === from.sourceHandle &&
            (edge.targetHandle ?? null) === targetHandle
        )
      }))
    })
}

function nameOfHandle(id: string | null, labels: ReadonlyMap<string, string>): string {
  return id === null ? 'Main' : (labels.get(id) ?? id)
}
