/** The keys of the canvas, wherever the focus is but in a field. */

import { useEffect } from 'react'
import { useCanvasState, type Tool } from './canvas_state'
import { isTyping } from './is_typing'
import { useNudge } from './use_nudge'
import type { useGraphEdits } from './use_graph_edits'
import { useRights } from './use_rights'

const tools: Readonly<Record<string, Tool>> = { v: 'select', h: 'hand', n: 'node', c: 'comment' }

export function useShortcuts(edits: ReturnType<typeof useGraphEdits>): void {
  const { canEdit, canComment } = useRights()
  const state = useCanvasState()
  const nudge = useNudge()

  useEffect(() => {
    const { setTool, setPanel, setFollowed, setHelpShown, tool, followed, panel } = state

    const leave = () => {
      // One thing at a time, the most fleeting first.
      if (followed !== null) setFollowed(null)
      else if (tool !== 'select') setTool('select')
      else if (panel !== null) setPanel(null)
      else edits.select([])
    }
    const plain = (key: string): (() => void) | undefined => {
      const tool = tools[key.toLowerCase()]
      if (tool !== undefined) {
        const isAllowed = tool === 'node' ? canEdit : tool === 'comment' ? canComment : true
        return isAllowed ? () => setTool(tool) : undefined
      }
      if (key === '?') return () => setHelpShown(true)
      if (key === 'Escape') return leave
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
  }, [state, edits, canEdit, canComment, nudge])
}
