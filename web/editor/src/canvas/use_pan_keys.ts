/** Arrow keys move the view where they have nothing to move: by a step, with Shift by four. */

import { useReactFlow } from '@xyflow/react'
import { useCallback } from 'react'
import { arrowSteps } from './arrow_keys'
import { isOnCanvas } from './canvas_focus'
import { useCanvasState } from './canvas_state'

const STEP = 64

/** True if the key was an arrow that moved the view. */
export function usePanKeys(): (event: KeyboardEvent) => boolean {
  const { setFollowed } = useCanvasState()
  const { getViewport, setViewport } = useReactFlow()

  return useCallback(
    (event: KeyboardEvent) => {
      const steps = arrowSteps(event)
      if (steps === null || !isOnCanvas(event.target)) return false
      const { x, y, zoom } = getViewport()
      setFollowed(null)
      // The view goes where the arrow points: what is in it goes the other way.
      void setViewport({ x: x - steps.right * STEP, y: y - steps.down * STEP, zoom })
      return true
    },
    [setFollowed, getViewport, setViewport]
  )
}
