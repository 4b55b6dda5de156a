/** Arrow keys move what is selected by one step of the grid, with Shift by four. */

import { useReactFlow } from '@xyflow/react'
import { useCallback } from 'react'
import { useFlowContext } from './flow_context'
import { useRights } from './use_rights'

const STEP = 8
const FAR = 4
const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1]
}

/** True if the key was an arrow that moved something. */
export function useNudge(): (event: KeyboardEvent) => boolean {
  const { onNodesChange } = useFlowContext()
  const { canEdit } = useRights()
  const { getNodes } = useReactFlow()

  return useCallback(
    (event: KeyboardEvent) => {
      const direction = directions[event.key]
      if (direction === undefined || !canEdit || event.ctrlKey || event.metaKey) return false
      const [x, y] = direction
      const by = STEP * (event.shiftKey ? FAR : 1)
      const moved = getNodes().filter((node) => node.selected === true && node.draggable !== false)
      if (moved.length === 0) return false
      onNodesChange(
        moved.map(({ id, position }) => ({
          type: 'position' as const,
          id,
          position: { x: position.x + x * by, y: position.y + y * by },
          dragging: false
        }))
      )
      return true
    },
    [onNodesChange, canEdit, getNodes]
  )
}
