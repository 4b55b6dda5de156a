/** Node and edge types for React Flow that know every name: workflows come from any editor. */

import type { EdgeTypes, NodeTypes } from '@xyflow/react'
import { EdgeView } from './edge_view'
import { NodeView } from './node_view'

function everyName<T extends object>(view: T[keyof T]): T {
  return new Proxy({} as T, { get: () => view })
}

export const nodeTypes = everyName<NodeTypes>(NodeView as NodeTypes[string])
export const edgeTypes = everyName<EdgeTypes>(EdgeView as EdgeTypes[string])
