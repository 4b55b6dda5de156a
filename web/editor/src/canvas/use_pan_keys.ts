/** Arrow keys move the view where they have nothing to move: by a step, with Shift by four. */

import { useReactFlow } from '@xyflow/react'
import { useCallback } from 'react'
import { isOnCanvas } from './canvas_focus'
import { useCanvasState } from './canvas_state'

const STEP = 64
const FAR = 4
const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1]
}

/** True if the key was an arrow that moved the view. */
export function usePanKeys(): (event: KeyboardEvent) => boolean {
  const { setFollowed } = useCanvasState()
  const { getViewport, setViewport } = useReactFlow()

  return useCallback(
    (event: KeyboardEvent) => {
      const direction = directions[event.key]
      if (direction === undefined || event.ctrlKey || event.metaKey) return false
      if (!isOnCanvas(event.target)) return false
      const [right, down] = direction
      const by = STEP * (event.shiftKey ? FAR : 1)
      const { x, y, zoom } = getViewport()
      setFollowed(null)
      void setViewport({ x: x + right * by, y: y + down * by, zoom })
      return true
    },
    [setFollowed, getViewport, setViewport]
  )
}
