/** The keys of undo and redo, as each system has them. */

export type UndoStep = 'undo' | 'redo'

export const isApple =
  typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent)

export function undoStepOf(event: KeyboardEvent): UndoStep | null {
  if (event.altKey || event.isComposing || !(isApple ? event.metaKey : event.ctrlKey)) return null
  const key = event.key.toLowerCase()
  if (key === 'z') return event.shiftKey ? 'redo' : 'undo'
  return key === 'y' && !isApple && !event.shiftKey ? 'redo' : null
}
