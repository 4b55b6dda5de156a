/** What this screen is busy with: the tool in hand, the open panel, whom it follows. */

import type { CommentDraft } from '@coflow/react'
import { createContext, useContext } from 'react'

/** A finger is what one works with here. */
export const IS_TOUCH = window.matchMedia('(pointer: coarse)').matches

export type Tool = 'select' | 'hand' | 'node' | 'comment'
export type Panel = 'comments' | 'locks' | 'activity'

export interface CanvasState {
  tool: Tool
  setTool: (tool: Tool) => void
  /** The inspector shows by itself, for a selection, where no panel is open. */
  panel: Panel | null
  setPanel: (panel: Panel | null) => void
  /** The comment thread that is unfolded in the panel. */
  activeThread: string | null
  setActiveThread: (threadId: string | null) => void
  /** The comment that is being written on the canvas. */
  draft: CommentDraft | null
  setDraft: (draft: CommentDraft | null) => void
  /** The id of a node that is being connected by the list of what it can lead to. */
  connecting: string | null
  setConnecting: (nodeId: string | null) => void
  /** The id of a node that was put here a moment ago: its name waits to be typed over. */
  unnamed: string | null
  setUnnamed: (nodeId: string | null) => void
  /** A user id. */
  followed: string | null
  setFollowed: (userId: string | null) => void
  isMapShown: boolean
  setMapShown: (isShown: boolean) => void
  isHelpShown: boolean
  setHelpShown: (isShown: boolean) => void
}

export const CanvasStateContext = createContext<CanvasState | null>(null)

export function useCanvasState(): CanvasState {
  const state = useContext(CanvasStateContext)
  if (state === null) throw new Error('useCanvasState needs a CanvasStateContext around it.')
  return state
}
