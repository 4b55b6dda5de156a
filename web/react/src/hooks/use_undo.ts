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
  const { history } = useClient()
  const state = useStore(history.state)
  return useMemo(
    () => ({ ...state, undo: () => history.undo(), redo: () => history.redo() }),
    [history, state]
  )
}
