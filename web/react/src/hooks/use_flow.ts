/** React Flow's nodes, edges and handlers, bound to the document. */

import type { Edge, Node, OnConnect, OnEdgesChange, OnNodesChange } from '@xyflow/react'
import { useCallback, useEffect, useMemo } from 'react'
import { foreignLock } from '../client/lock_rules'
import { flowOf, type FlowBinding } from '../flow/flow_binding'
import type { Lock, ResourceType } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

export interface Flow<NodeType extends Node = Node, EdgeType extends Edge = Edge> {
  /** The same objects for as long as nothing about them changes. */
  nodes: NodeType[]
  edges: EdgeType[]
  onNodesChange: OnNodesChange<NodeType>
  onEdgesChange: OnEdgesChange<EdgeType>
  onConnect: OnConnect
  /** Take back the drag or resize that is going on. Returns whether there was one. */
  cancelDrag: () => boolean
  /** Throws if there is a node of this id. */
  addNode: (node: NodeType) => void
  /** Nodes with the edges at them, and edges; one undo step. What others have locked stays. */
  removeElements: (ids: { nodes?: string[] | undefined; edges?: string[] | undefined }) => void
  /** Merges; a value of undefined deletes its key. Of shared settings (`inputs`, …) those are written that differ. */
  updateNodeData: (id: string, patch: Record<string, unknown>) => void
  isLockedByOther: (type: ResourceType, id: string) => Lock | null
  meta: Record<string, unknown>
  setMeta: (key: string, value: unknown) => void
}

/** The types are the application's word for what its document holds. */
export function useFlow<NodeType extends Node = Node, EdgeType extends Edge = Edge>(): Flow<
  NodeType,
  EdgeType
> {
  const client = useClient()
  const flow = flowOf(client)
  useEffect(() => flow.hold(), [flow])
  const { nodes, edges, meta } = useStore(flow.state)
  const locks = useStore(client.locks)
  // Another function when the locks are others, so that what is memoised by it is asked again.
  const isLockedByOther = useCallback(
    (type: ResourceType, id: string) => foreignLock(locks, type, id, client.userId),
    [client, locks]
  )
  const actions = useMemo(() => actionsOf(flow), [flow])
  return useMemo(
    () => ({
      ...{ nodes: nodes as NodeType[], edges: edges as EdgeType[], meta },
      ...{ isLockedByOther, ...actions }
    }),
    [nodes, edges, meta, isLockedByOther, actions]
  )
}

function actionsOf(flow: FlowBinding): Omit<Flow, 'nodes' | 'edges' | 'meta' | 'isLockedByOther'> {
  const { onNodesChange, onEdgesChange, onConnect } = flow
  const { addNode, removeElements, updateNodeData, setMeta, cancelDrag } = flow
  return {
    ...{ onNodesChange, onEdgesChange, onConnect },
    ...{ addNode, removeElements, updateNodeData, setMeta, cancelDrag }
  }
}
