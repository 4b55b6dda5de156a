/** Bottom centre: the tools that this user may use, and undo. */

import { UndoButtons, useClient } from '@coflow/react'
import { Eye, Hand, MessageSquarePlus, MousePointer2, SquarePlus } from 'lucide-react'
import { useSyncExternalStore, type ReactNode } from 'react'
import { IconButton } from '../app/icon_button'
import { useCanvasState, type Tool } from './canvas_state'
import { TurnButton } from './turn_button'
import { useRights, type Rights } from './use_rights'

export function Toolbar() {
  const rights = useRights()
  const { canEdit, canComment, mayEdit } = rights
  const mode = useMode()
  const isInTurns = mayEdit && mode === 'sequential'
  const why = whyNotEditable(rights, isInTurns)
  return (
    <div className="ed-island ed-toolbar" role="toolbar" aria-label="Tools">
      <ToolButton tool="select" label="Select" shortcut="V">
        <MousePointer2 />
      </ToolButton>
      <ToolButton tool="hand" label="Hand" shortcut="H">
        <Hand />
      </ToolButton>
      {canEdit && (
        <ToolButton tool="node" label="Add a step" shortcut="N">
          <SquarePlus />
        </ToolButton>
      )}
      {canComment && (
        <ToolButton tool="comment" label="Comment" shortcut="C">
          <MessageSquarePlus />
        </ToolButton>
      )}
      {canEdit && (
        <>
          <span className="ed-divider" />
          <UndoButtons />
        </>
      )}
      {isInTurns && (
        <>
          <span className="ed-divider" />
          <TurnButton />
        </>
      )}
      {why !== null && (
        <>
          <span className="ed-divider" />
          <span className="ed-toolbar__words">
            <Eye size={16} strokeWidth={1.75} aria-hidden="true" />
            {why}
          </span>
        </>
      )}
    </div>
  )
}

/** Null where it is plain to see. */
function whyNotEditable(rights: Rights, isInTurns: boolean): string | null {
  const { role, canEdit, canComment, mayEdit, lockedBy } = rights
  if (canEdit || role === null) return null
  if (mayEdit && lockedBy !== null) return `${lockedBy} has locked the workflow`
  if (isInTurns) return null
  if (mayEdit) return 'You cannot edit now'
  return canComment ? 'You can view and comment' : 'You can view'
}

function useMode() {
  const { session } = useClient()
  return useSyncExternalStore(session.subscribe, () => session.get()?.mode ?? null)
}

interface Props {
  tool: Tool
  label: string
  shortcut: string
  children: ReactNode
}

function ToolButton({ tool, label, shortcut, children }: Props) {
  const { tool: inHand, setTool } = useCanvasState()
  return (
    <IconButton
      label={label}
      shortcut={shortcut}
      side="top"
      aria-pressed={inHand === tool}
      className="ed-tool"
      onClick={() => setTool(tool)}
    >
      {children}
    </IconButton>
  )
}
