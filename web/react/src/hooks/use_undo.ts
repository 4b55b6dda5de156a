/** Undo and redo of one's own edits, never of another's. */

import { useMemo } from 'react'
import type { History } from '../client/history'
import { useClient } from './use_client'
import { useStore } from './use_store'

export interface Undo {
  undo: () => void
  redo: () => void
  canUndo: boolean
  canRedo: boolean
}

export function useUndo(): Undo {
  const { history, access } = useClient()
  const { canUndo, canRedo } = useStore(history.state)
  const { canEdit } = useStore(access)
  const actions = useMemo(() => actionsOf(history), [history])
  return useMemo(
    () => ({ ...actions, canUndo: canUndo && canEdit, canRedo: canRedo && canEdit }),
    [actions, canUndo, canRedo, canEdit]
  )
}

function actionsOf(history: History): Pick<Undo, 'undo' | 'redo'> {
  return { undo: () => history.undo(), redo: () => history.redo() }
}
