/** Undo and redo in a field of the document: the browser's own knows nothing of what others type there. */

import { useEffect, type RefObject } from 'react'
import type { TextField } from './use_caret'
import { useClient } from './use_client'

type Command = 'undo' | 'redo'

const isApple = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent)

export function useFieldUndo(field: RefObject<TextField | null>): void {
  const { history } = useClient()
  useEffect(() => {
    const follow = (event: Event, command: Command | null) => {
      if (command === null || event.defaultPrevented || event.target !== field.current) return
      event.preventDefault()
      history[command]()
    }
    const onKeyDown = (event: KeyboardEvent) => follow(event, commandOfKey(event))
    // From the browser's menu, or a gesture.
    const onBeforeInput = (event: InputEvent) => follow(event, commandOfInput(event))
    // On the document: the field's own handlers come first, the window's know that it is done.
    document.addEventListener('keydown', onKeyDown)
    document.addEventListener('beforeinput', onBeforeInput)
    return () => {
      document.removeEventListener('keydown', onKeyDown)
      document.removeEventListener('beforeinput', onBeforeInput)
    }
  }, [field, history])
}

function commandOfKey(event: KeyboardEvent): Command | null {
  if (event.altKey || event.isComposing || !(isApple ? event.metaKey : event.ctrlKey)) return null
  const key = event.key.toLowerCase()
  if (key === 'z') return event.shiftKey ? 'redo' : 'undo'
  return key === 'y' && !isApple && !event.shiftKey ? 'redo' : null
}

function commandOfInput({ inputType }: InputEvent): Command | null {
  if (inputType === 'historyUndo') return 'undo'
  return inputType === 'historyRedo' ? 'redo' : null
}
