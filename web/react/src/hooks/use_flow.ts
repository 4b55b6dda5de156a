/** React Flow's nodes, edges and handlers, bound to the document. */

import type { Edge, Node, OnConnect, OnEdgesChange, OnNodesChange } from '@xyflow/react'
import { useCallback, useEffect } from 'react'
import { foreignLock } from '../client/lock_rules'
import { flowOf } from '../flow/flow_binding'
import type { Lock, ResourceType } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

export interface Flow {
  /** The same objects for as long as nothing about them changes. */
  nodes: Node[]
  edges: Edge[]
  onNodesChange: OnNodesChange
  onEdgesChange: OnEdgesChange
  onConnect: OnConnect
  /** Take back the drag or resize that is going on. Returns whether there was one. */
  cancelDrag: () => boolean
  /** Throws if there is a node of this id. */
  addNode: (node: Node) => void
  /** Nodes with the edges at them, and edges; one undo step. What others have locked stays. */
  removeElements: (ids: { nodes?: string[]; edges?: string[] }) => void
  /** Merges; a value of undefined deletes its key. Of shared settings (`inputs`, …) those are written that differ. */
  updateNodeData: (id: string, patch: Record<string, unknown>) => void
  isLockedByOther: (type: ResourceType, id: string) => Lock | null
  meta: Record<string, unknown>
  setMeta: (key: string, value: unknown) => void
}

export function useFlow(): Flow {
  const client = useClient()
  const flow = flowOf(client)
  useEffect(() => flow.hold(), [flow])
  const { nodes, edges, meta } = useStore(flow.state)
  const locks = useStore(client.locks)
  const { onNodesChange, onEdgesChange, onConnect } = flow
  const { addNode, removeElements, updateNodeData, setMeta, cancelDrag } = flow
  // Another function when the locks are others, so that what is memoised by it is asked again.
  const isLockedByOther = useCallback(
    (type: ResourceType, id: string) => foreignLock(locks, type, id, client.userId),
    [client, locks]
  )
  return {
    ...{ nodes, edges, onNodesChange, onEdgesChange, onConnect },
    ...{ addNode, removeElements, updateNodeData, isLockedByOther, meta, setMeta, cancelDrag }
  }
}
