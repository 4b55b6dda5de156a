/** What a node is told beside its data: its shape, and the badge of whoever has locked it. */

import { createContext, useCallback, useContext, useSyncExternalStore } from 'react'
import { Facts } from './facts'
import { plainShape, shapesEqual, type Shape } from './node_shapes'

/** A lock as its node shows it. */
export interface Badge {
  holder: string
  /** Null for a holder who is not here. */
  color: string | null
  isOwn: boolean
}

export class NodeContextValue {
  readonly shapes = new Facts<Shape>(shapesEqual)
  readonly badges = new Facts<Badge>(
    (a, b) => a.holder === b.holder && a.color === b.color && a.isOwn === b.isOwn
  )
}

export const NodeContext = createContext(new NodeContextValue())

export function useShape(nodeId: string): Shape {
  return useFact(useContext(NodeContext).shapes, nodeId) ?? plainShape
}

export function useBadge(nodeId: string): Badge | null {
  return useFact(useContext(NodeContext).badges, nodeId)
}

function useFact<T>(facts: Facts<T>, key: string): T | null {
  const subscribe = useCallback(
    (listener: () => void) => facts.subscribe(key, listener),
    [facts, key]
  )
  return useSyncExternalStore(subscribe, () => facts.get(key))
}
