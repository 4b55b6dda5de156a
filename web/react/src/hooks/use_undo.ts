/** Undo and redo of one's own edits, never of another's. */

import { useMemo } from 'react'
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
  return useMemo(
    () => ({
      undo: () => history.undo(),
      redo: () => history.redo(),
      canUndo: canUndo && canEdit,
      canRedo: canRedo && canEdit
    }),
    [history, canUndo, canRedo, canEdit]
  )
}
