/** What one does to a selection as one step of undo: delete, paste, duplicate, select all. */

import { useClient } from '@coflow/react'
import { useReactFlow } from '@xyflow/react'
import { useCallback, useMemo } from 'react'
import { useFlowContext } from './flow_context'
import { graphOf, renewed, withDescendants, type Graph } from './graph_clipboard'
import { useSelect } from './use_select'
import { useRights } from './use_rights'

const OFFSET = 32

export function useGraphEdits() {
  const { addNode, onEdgesChange, removeElements, cancelDrag } = useFlowContext()
  const client = useClient()
  const { canEdit } = useRights()
  const { getNodes, getEdges } = useReactFlow()
  const select = useSelect()

  const selected = useCallback(() => {
    const nodes = getNodes().filter((node) => node.selected === true)
    const edges = getEdges().filter((edge) => edge.selected === true)
    return { nodes, edges }
  }, [getNodes, getEdges])

  const copied = useCallback(
    (): Graph =>
      graphOf(
        selected().nodes.map((node) => node.id),
        { nodes: getNodes(), edges: getEdges() }
      ),
    [selected, getNodes, getEdges]
  )

  /** Under new ids, as one step. */
  const insert = useCallback(
    (graph: Graph, offset: { x: number; y: number }) => {
      if (!canEdit || graph.nodes.length === 0) return
      const { nodes, edges } = renewed(graph, offset)
      client.history.beginStep()
      client.edit(() => {
        for (const node of nodes) addNode(node)
        onEdgesChange(edges.map((item) => ({ type: 'add', item })))
      })
      select(nodes.filter((node) => node.parentId === undefined).map((node) => node.id))
    },
    [canEdit, client, addNode, onEdgesChange, select]
  )

  const duplicate = useCallback(() => insert(copied(), { x: OFFSET, y: OFFSET }), [insert, copied])

  /** Except what somebody else has locked. */
  const remove = useCallback(() => {
    if (!canEdit) return
    const { nodes, edges } = selected()
    const free = nodes.filter((node) => node.deletable !== false).map((node) => node.id)
    const gone = withDescendants(free, getNodes())
    const edgeIds = edges.filter((edge) => edge.deletable !== false).map((edge) => edge.id)
    if (gone.size + edgeIds.length === 0) return
    client.history.beginStep()
    removeElements({ nodes: [...gone], edges: edgeIds })
  }, [canEdit, client, selected, getNodes, removeElements])

  const selectAll = useCallback(
    () =>
      select(
        getNodes().map((node) => node.id),
        getEdges().map((edge) => edge.id)
      ),
    [select, getNodes, getEdges]
  )

  return useMemo(
    () => ({ copied, insert, duplicate, remove, selectAll, select, cancelDrag }),
    [copied, insert, duplicate, remove, selectAll, select, cancelDrag]
  )
}
