/** Arrow keys move what is selected by one step of the grid, with Shift by four. */

import { useReactFlow } from '@xyflow/react'
import { useCallback } from 'react'
import { arrowSteps } from './arrow_keys'
import { useFlowContext } from './flow_context'
import { useRights } from './use_rights'

const STEP = 8

/** True if the key was an arrow that moved something. */
export function useNudge(): (event: KeyboardEvent) => boolean {
  const { onNodesChange } = useFlowContext()
  const { canEdit } = useRights()
  const { getNodes } = useReactFlow()

  return useCallback(
    (event: KeyboardEvent) => {
      const steps = arrowSteps(event)
      if (steps === null || !canEdit) return false
      const moved = getNodes().filter((node) => node.selected === true && node.draggable !== false)
      if (moved.length === 0) return false
      onNodesChange(
        moved.map(({ id, position }) => ({
          type: 'position' as const,
          id,
          position: {
            x: position.x + steps.right * STEP,
            y: position.y + steps.down * STEP
          },
          dragging: false
        }))
      )
      return true
    },
    [onNodesChange, canEdit, getNodes]
  )
}
