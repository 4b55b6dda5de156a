/** Keeps the caret of a text field where its owner put it while others type before it. */

import { useLayoutEffect, useRef, type RefObject } from 'react'
import type { Store } from '../client/store'
import { fieldValueOf } from '../flow/line_ends'
import { textDifference, type TextDifference } from '../flow/text_difference'
import type { NodeText } from '../flow/node_text'

export type TextField = HTMLTextAreaElement | HTMLInputElement

interface Selection {
  value: string
  start: number
  end: number
  direction: TextField['selectionDirection']
}

/** The ref belongs on the field that shows the store's value. */
export function useCaret(store: Store<NodeText>, value: string): RefObject<TextField | null> {
  const field = useRef<TextField | null>(null)
  const before = useRef<Selection | null>(null)
  useLayoutEffect(
    () =>
      // The document has changed, and the field has not been told yet.
      store.subscribe(() => {
        const { current } = field
        if (current === null || current !== document.activeElement) return
        const { selectionStart, selectionEnd, selectionDirection } = current
        if (selectionStart === null || selectionEnd === null) return
        before.current ??= {
          value: current.value,
          start: selectionStart,
          end: selectionEnd,
          direction: selectionDirection
        }
      }),
    [store]
  )
  useLayoutEffect(() => {
    const { current: selection } = before
    before.current = null
    const shown = fieldValueOf(value)
    if (selection === null || field.current?.value !== shown) return
    const difference = textDifference(selection.value, shown)
    // What one types oneself is in the field already, and the caret with it.
    if (difference === null) return
    field.current.setSelectionRange(
      movedBy(difference, selection.start),
      movedBy(difference, selection.end),
      selection.direction ?? 'none'
    )
  }, [value])
  return field
}

/** Where a place in a text is after the text has changed. */
export function movedBy({ start, removed, inserted }: TextDifference, place: number): number {
  if (place <= start) return place
  if (place >= start + removed) return place + inserted.length - removed
  return start
}
