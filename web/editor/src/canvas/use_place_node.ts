/** Puts a new node on the canvas, around a point, and selects it; what is typed next is its name. */

import { useClient, type Point } from '@coflow/react'
import { useCallback } from 'react'
import { IS_TOUCH, useCanvasState } from './canvas_state'
import { useFlowContext } from './flow_context'
import { newId } from './new_id'
import { useSelect } from './use_select'

/** As large as a card with a name and a type. */
export const NEW_NODE = { width: 200, height: 56 }
const GRID = 8

export function usePlaceNode(): (around: Point) => void {
  const { addNode } = useFlowContext()
  const { setPanel, setUnnamed } = useCanvasState()
  const client = useClient()
  const select = useSelect()

  return useCallback(
    (around: Point) => {
      const id = newId('node')
      client.history.beginStep()
      addNode({
        id,
        type: 'step',
        position: {
          x: onGrid(around.x - NEW_NODE.width / 2),
          y: onGrid(around.y - NEW_NODE.height / 2)
        },
        data: { label: 'New step' }
      })
      select([id])
      // A keyboard on the screen would come up unasked, and cover the step.
      if (IS_TOUCH) return
      setPanel(null)
      setUnnamed(id)
    },
    [addNode, client, select, setPanel, setUnnamed]
  )
}

export function onGrid(value: number): number {
  return Math.round(value / GRID) * GRID
}
