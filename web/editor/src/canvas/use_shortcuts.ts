/** The keys of the canvas, wherever the focus is but in a field. */

import { useReactFlow } from '@xyflow/react'
import { useEffect, useState } from 'react'
import { useAnnounce } from './announce_context'
import { subjectOf } from './canvas_focus'
import { useCanvasState, type Tool } from './canvas_state'
import { useSelection } from './flow_context'
import { isTyping } from './is_typing'
import { StrayKeys } from './stray_keys'
import { usePanKeys } from './use_pan_keys'
import { usePlaceNode } from './use_place_node'
import { useNudge } from './use_nudge'
import type { useGraphEdits } from './use_graph_edits'
import { useRights } from './use_rights'

const tools: Readonly<Record<string, Tool>> = { v: 'select', h: 'hand', n: 'node', c: 'comment' }
const toolWords: Readonly<Record<Tool, string>> = {
  select: 'Select',
  hand: 'Hand',
  node: 'Add a step: Enter puts it in the middle of the view, arrow keys move the view.',
  comment:
    'Comment: Enter comments on what has the focus, else on the middle of the view, which arrow keys move.'
}

export function useShortcuts(edits: ReturnType<typeof useGraphEdits>): void {
  const { canEdit, canComment } = useRights()
  const state = useCanvasState()
  const selection = useSelection()
  const nudge = useNudge()
  const pan = usePanKeys()
  const placeNode = usePlaceNode()
  const announce = useAnnounce()
  const { screenToFlowPosition } = useReactFlow()
  const [stray] = useState(() => new StrayKeys())

  useEffect(() => stray.listen(), [stray])
  useEffect(() => {
    const { setTool, setPanel, setFollowed, setHelpShown, setDraft, setConnecting } = state
    const { tool, followed, panel } = state
    const isNothingSelected = selection.nodeIds.length + selection.edgeIds.length === 0

    const leave = () => {
      // One thing at a time, the most fleeting first.
      if (edits.cancelDrag()) return
      if (followed !== null) setFollowed(null)
      else if (tool !== 'select') setTool('select')
      else if (panel !== null) setPanel(null)
      else edits.select([])
    }
    // For hands that stay on the keys: in the middle of what is to be seen.
    const middle = () =>
      screenToFlowPosition({ x: window.innerWidth / 2, y: window.innerHeight / 2 })
    const placeInMiddle = () => {
      placeNode(middle())
      setTool('select')
    }
    const comment = () => {
      const subject = subjectOf(selection)
      setDraft(
        subject === null
          ? { contextType: 'canvas', contextId: null, point: middle() }
          : { contextType: subject.type, contextId: subject.id, point: null }
      )
      setTool('select')
    }
    const connect = () => {
      const subject = subjectOf(selection)
      if (subject?.type === 'node') setConnecting(subject.id)
      else announce('Choose a step first: Tab goes from one to the next.')
    }
    const choose = (chosen: Tool) => {
      setTool(chosen)
      announce(toolWords[chosen])
    }
    const plain = (key: string): (() => void) | undefined => {
      const chosen = tools[key.toLowerCase()]
      if (chosen !== undefined) {
        const isAllowed = chosen === 'node' ? canEdit : chosen === 'comment' ? canComment : true
        return isAllowed ? () => choose(chosen) : undefined
      }
      if (key.toLowerCase() === 'l' && canEdit) return connect
      if (key === '?') return () => setHelpShown(true)
      if (key === 'Escape') return leave
      if (key === 'Enter' && tool === 'node' && canEdit) return placeInMiddle
      if (key === 'Enter' && tool === 'comment' && canComment) return comment
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
      if (stray.takes(event)) return
      const isPanning = tool !== 'select' || isNothingSelected
      if (isPanning ? pan(event) : nudge(event)) {
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
  }, [
    state,
    selection,
    edits,
    canEdit,
    canComment,
    nudge,
    pan,
    placeNode,
    announce,
    screenToFlowPosition,
    stray
  ])
}
