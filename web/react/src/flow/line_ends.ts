/** Texts whose lines do not end as those of a field do, which knows \n alone. PURE. */

import { textDifference } from './text_difference'

/** As a textarea gives it back. */
export function fieldValueOf(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

/** What a field has made of `before`, with the line ends that `before` has; new ones are like its first. */
export function withLineEndsOf(before: string, fieldValue: string): string {
  if (!before.includes('\r') || fieldValue.includes('\r')) return fieldValue
  const difference = textDifference(fieldValueOf(before), fieldValue)
  if (difference === null) return before
  const { start, removed, inserted } = difference
  const lineEnd = /\r\n?|\n/.exec(before)?.[0] ?? '\n'
  const text =
    before.slice(0, placeIn(before, start)) +
    inserted.replaceAll('\n', lineEnd) +
    before.slice(placeIn(before, start + removed))
  // A lone \r and a lone \n that have come together would be one line end.
  return fieldValueOf(text) === fieldValue ? text : fieldValue.replaceAll('\n', lineEnd)
}

/** Where in `text` is what stands at that place of its field. */
function placeIn(text: string, place: number): number {
  let at = 0
  for (let passed = 0; passed < place; passed += 1) at += text.startsWith('\r\n', at) ? 2 : 1
  return at
}
