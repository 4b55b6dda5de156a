/**
 * Which values of `data` become shared types when they are first set, so that several people edit them at once.
 * The server does the same with JSON: `crdt_store/shared_values.py`.
 */

import * as Y from 'yjs'
import { isObject } from './read_graph'
import { wellFormed } from './text_difference'

/** Strings under these keys are texts. */
const TEXT_KEYS: ReadonlySet<string> = new Set(['prompt', 'code', 'description', 'instructions'])
/** Objects under these keys of `data` are maps of settings; what lies in a setting is plain JSON. */
const MAP_KEYS: ReadonlySet<string> = new Set(['inputs', 'parameters', 'config'])
/** One line of at most 64 characters: a choice or a name. Any other setting is a text. */
const SHORT = /^[^\r\n]{0,64}$/u

/** What an entry is made of that is not there yet. */
export type Create = (key: string, value: unknown) => unknown

export const createInData: Create = (key, value) => {
  if (isObject(value) && MAP_KEYS.has(key)) {
    const plain = jsonOf(value) as Record<string, unknown>
    return new Y.Map(
      Object.entries(plain).map(([name, item]) => [name, createInSettings(name, item)])
    )
  }
  return typeof value === 'string' && TEXT_KEYS.has(key) ? textOf(value) : jsonOf(value)
}

export const createInSettings: Create = (key, value) => {
  const isText = typeof value === 'string' && (TEXT_KEYS.has(key) || !SHORT.test(value))
  return isText ? textOf(value) : jsonOf(value)
}

export const createPlain: Create = (_, value) => jsonOf(value)

/** As JSON would carry it: functions and what is undefined are left out. Nothing is shared with the caller. */
export function jsonOf(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined
  return text === undefined ? null : (JSON.parse(text) as unknown)
}

function textOf(value: string): Y.Text {
  return new Y.Text(wellFormed(value))
}
