/** Selects exactly these nodes and edges, or nothing. */

import { useReactFlow } from '@xyflow/react'
import { useCallback } from 'react'
import { useFlowContext } from './flow_context'

export function useSelect(): (nodeIds: readonly string[], edgeIds?: readonly string[]) => void {
  const { onNodesChange, onEdgesChange } = useFlowContext()
  const { getNodes, getEdges } = useReactFlow()

  return useCallback(
    (nodeIds, edgeIds = []) => {
      const unselected = (all: readonly { id: string; selected?: boolean }[], but: Set<string>) =>
        all
          .filter((each) => each.selected === true && !but.has(each.id))
          .map(({ id }) => ({ type: 'select' as const, id, selected: false }))
      const selected = (ids: Iterable<string>) =>
        [...ids].map((id) => ({ type: 'select' as const, id, selected: true }))
      const nodes = new Set(nodeIds)
      const edges = new Set(edgeIds)
      onNodesChange([...unselected(getNodes(), nodes), ...selected(nodes)])
      onEdgesChange([...unselected(getEdges(), edges), ...selected(edges)])
    },
    [onNodesChange, onEdgesChange, getNodes, getEdges]
  )
}
