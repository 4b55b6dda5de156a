/** Shows the whole workflow once, as soon as its nodes and the canvas have their sizes. */

import { useNodesInitialized, useReactFlow, useStore } from '@xyflow/react'
import { useEffect, useRef } from 'react'
import { useCanvasState } from './canvas_state'

export function useFirstView(): void {
  const { fitView } = useReactFlow()
  const { followed } = useCanvasState()
  const areSized = useNodesInitialized()
  const isEmpty = useStore(({ nodes }) => nodes.length === 0)
  const isOpen = useStore(({ width, height }) => width > 0 && height > 0)
  const isDone = useRef(false)

  useEffect(() => {
    if (!isOpen || isDone.current) return
    // The first step that is put on an empty canvas stays where it was put.
    if (isEmpty) isDone.current = true
    if (!areSized || isEmpty) return
    isDone.current = true
    // Not into a view that somebody else leads.
    if (followed === null) void fitView({ padding: 0.16, maxZoom: 1 })
  }, [areSized, isOpen, isEmpty, followed, fitView])
}
