/** Undo and redo in a field of the document: the browser's own knows nothing of what others type there. */

import { useEffect, type RefObject } from 'react'
import type { TextField } from './use_caret'
import { undoStepOf, type UndoStep } from './undo_keys'
import { useClient } from './use_client'

export function useFieldUndo(field: RefObject<TextField | null>): void {
  const { history } = useClient()
  useEffect(() => {
    const follow = (event: Event, step: UndoStep | null) => {
      if (step === null || event.defaultPrevented || event.target !== field.current) return
      event.preventDefault()
      history[step]()
    }
    const onKeyDown = (event: KeyboardEvent) => follow(event, undoStepOf(event))
    // From the browser's menu, or a gesture.
    const onBeforeInput = (event: InputEvent) => follow(event, stepOfInput(event))
    // On the document: the field's own handlers come first, the window's know that it is done.
    document.addEventListener('keydown', onKeyDown)
    document.addEventListener('beforeinput', onBeforeInput)
    return () => {
      document.removeEventListener('keydown', onKeyDown)
      document.removeEventListener('beforeinput', onBeforeInput)
    }
  }, [field, history])
}

function stepOfInput({ inputType }: InputEvent): UndoStep | null {
  if (inputType === 'historyUndo') return 'undo'
  return inputType === 'historyRedo' ? 'redo' : null
}
