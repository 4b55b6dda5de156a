/** Enter on what is selected goes into its fields. The way back is the panel's own. */

import { useEffect } from 'react'
import { focusInspector, isSelectedSubject } from './canvas_focus'
import { useCanvasState } from './canvas_state'

export function useInspectorKeys(): void {
  const { tool, setPanel } = useCanvasState()

  useEffect(() => {
    if (tool !== 'select' && tool !== 'hand') return
    const press = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !isSelectedSubject(event.target)) return
      event.preventDefault()
      event.stopPropagation()
      setPanel(null)
      // An open panel makes place for the inspector first.
      requestAnimationFrame(focusInspector)
    }
    // Before React Flow, which selects by the same key what is not selected yet.
    window.addEventListener('keydown', press, true)
    return () => window.removeEventListener('keydown', press, true)
  }, [tool, setPanel])
}
