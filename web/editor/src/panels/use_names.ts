/** What people call a node or an edge at this moment; null for what is gone. */

import { useFlowContext } from '../canvas/flow_context'
import { titleOf } from '../canvas/node_words'

export type NameOf = (type: string, id: string) => string | null

export function useNames(): NameOf {
  const { nodes, edges } = useFlowContext()
  const nodeName = (id: string) => {
    const node = nodes.find((each) => each.id === id)
    return node === undefined ? null : titleOf(node.data, node.type, id)
  }
  return (type, id) => {
    if (type !== 'edge') return nodeName(id)
    const edge = edges.find((each) => each.id === id)
    if (edge === undefined) return null
    const { source, target } = edge
    return `${nodeName(source) ?? source} → ${nodeName(target) ?? target}`
  }
}
