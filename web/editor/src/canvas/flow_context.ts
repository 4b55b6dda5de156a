/** The one binding of the document to this canvas, for the canvas and for what stands around it. */

import type { useFlow } from '@coflow/react'
import { createContext, useContext } from 'react'

export type Flow = ReturnType<typeof useFlow>

export interface Selection {
  nodeIds: readonly string[]
  edgeIds: readonly string[]
}

export const FlowContext = createContext<Flow | null>(null)
/** Apart from the flow, which is another one in every frame of a drag. */
export const SelectionContext = createContext<Selection>({ nodeIds: [], edgeIds: [] })

export function useFlowContext(): Flow {
  const flow = useContext(FlowContext)
  if (flow === null) throw new Error('useFlowContext needs a FlowContext around it.')
  return flow
}

export function useSelection(): Selection {
  return useContext(SelectionContext)
}
