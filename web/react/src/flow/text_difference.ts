/** The one stretch in which two strings differ, never cutting an emoji in two. */

import type * as Y from 'yjs'

export interface TextDifference {
  start: number
  removed: number
  inserted: string
}

/** Counted in UTF-16 units, as Y.Text counts. Null if the strings are equal. */
export function textDifference(before: string, after: string): TextDifference | null {
  if (before === after) return null
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start += 1
  if (isBetweenSurrogates(before, start) || isBetweenSurrogates(after, start)) start -= 1
  let end = 0
  while (
    end < shorter - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end += 1
  }
  if (
    end > 0 &&
    (isBetweenSurrogates(before, before.length - end) ||
      isBetweenSurrogates(after, after.length - end))
  ) {
    end -= 1
  }
  return {
    start,
    removed: before.length - end - start,
    inserted: after.slice(start, after.length - end)
  }
}

/** Turn `text` into `value`, leaving alone what is the same in both. */
export function writeText(text: Y.Text, value: string): void {
  const difference = textDifference(text.toJSON(), wellFormed(value))
  if (difference === null) return
  const { start, removed, inserted } = difference
  if (removed > 0) text.delete(start, removed)
  if (inserted !== '') text.insert(start, inserted)
}

/** Without half characters, which no UTF-8 can carry. */
export function wellFormed(text: string): string {
  return text.replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    '\ufffd'
  )
}

function isBetweenSurrogates(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1)
  const after = text.charCodeAt(at)
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff
}
