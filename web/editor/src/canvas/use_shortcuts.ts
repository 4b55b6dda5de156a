/** The keys of the canvas, wherever the focus is but in a field. */

import { useReactFlow } from '@xyflow/react'
import { useEffect } from 'react'
import { useCanvasState, type Tool } from './canvas_state'
import { isTyping } from './is_typing'
import { usePlaceNode } from './use_place_node'
import { useNudge } from './use_nudge'
import type { useGraphEdits } from './use_graph_edits'
import { useRights } from './use_rights'

const tools: Readonly<Record<string, Tool>> = { v: 'select', h: 'hand', n: 'node', c: 'comment' }

export function useShortcuts(edits: ReturnType<typeof useGraphEdits>): void {
  const { canEdit, canComment } = useRights()
  const state = useCanvasState()
  const nudge = useNudge()
  const placeNode = usePlaceNode()
  const { screenToFlowPosition } = useReactFlow()

  useEffect(() => {
    const { setTool, setPanel, setFollowed, setHelpShown, tool, followed, panel } = state

    const leave = () => {
      // One thing at a time, the most fleeting first.
      if (followed !== null) setFollowed(null)
      else if (tool !== 'select') setTool('select')
      else if (panel !== null) setPanel(null)
      else edits.select([])
    }
    // For hands that stay on the keys: in the middle of what is to be seen.
    const placeInMiddle = () => {
      placeNode(screenToFlowPosition({ x: window.innerWidth / 2, y: window.innerHeight / 2 }))
      setTool('select')
    }
    const plain = (key: string): (() => void) | undefined => {
      const chosen = tools[key.toLowerCase()]
      if (chosen !== undefined) {
        const isAllowed = chosen === 'node' ? canEdit : chosen === 'comment' ? canComment : true
        return isAllowed ? () => setTool(chosen) : undefined
      }
      if (key === '?') return () => setHelpShown(true)
      if (key === 'Escape') return leave
      if (key === 'Enter' && tool === 'node' && canEdit) return placeInMiddle
      if (key === 'Delete' || key === 'Backspace') return edits.remove
      return undefined
    }
    const withModifier = (key: string): (() => void) | undefined => {
      if (key === 'a') return edits.selectAll
      if (key === 'd') return edits.duplicate
      return undefined
    }
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || isTyping(event.target)) return
      if (nudge(event)) {
        event.preventDefault()
        return
      }
      const isModified = event.ctrlKey || event.metaKey
      const act = isModified ? withModifier(event.key.toLowerCase()) : plain(event.key)
      if (act === undefined) return
      event.preventDefault()
      act()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [state, edits, canEdit, canComment, nudge, placeNode, screenToFlowPosition])
}
