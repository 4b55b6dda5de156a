/** Shows the whole workflow once, as soon as its nodes and the canvas have their sizes. */

import { useNodesInitialized, useReactFlow, useStore } from '@xyflow/react'
import { useEffect, useRef } from 'react'
import { useCanvasState } from './canvas_state'

export function useFirstView(): void {
  const { fitView } = useReactFlow()
  const { followed } = useCanvasState()
  const areSized = useNodesInitialized()
  const isOpen = useStore(({ width, height }) => width > 0 && height > 0)
  const isDone = useRef(false)

  useEffect(() => {
    if (!areSized || !isOpen || isDone.current) return
    isDone.current = true
    // Not into a view that somebody else leads.
    if (followed === null) void fitView({ padding: 0.16, maxZoom: 1 })
  }, [areSized, isOpen, followed, fitView])
}
