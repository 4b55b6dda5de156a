/** What a new field of a node may be called, and the key of `data` that this makes. PURE. */

import { settingsOf, wordsOfKey, type NodeData } from '../canvas/node_words'
import { isEditedKey } from './node_fields'

/** A node's name has a field of its own; the others mean something else than a text or a number. */
const HAVE_A_MEANING = new Set([
  ...['label', 'title', 'name'],
  ...['inputs', 'parameters', 'config'],
  ...['inputparams', 'inputanchors', 'outputanchors', '__proto__']
])

/** `Max tokens` is `max_tokens`, and shown as it was typed; who writes `maxTokens` has it so. */
export function keyOfName(name: string): string {
  const key = name.trim().replace(/\s+/g, '_')
  return /\p{Ll}\p{Lu}/u.test(key) ? key : key.toLowerCase()
}

/** Why a node cannot have a field of this name; null if it can. */
export function refusalOfName(name: string, data: NodeData): string | null {
  const key = keyOfName(name)
  const words = wordsOfKey(key)
  if (words === '') return 'It needs a name'
  const taken = [
    ...Object.keys(data).map(wordsOfKey),
    ...settingsOf(data).map(({ row }) => row.label)
  ]
  if (HAVE_A_MEANING.has(key.toLowerCase()) || !isEditedKey(key, data)) {
    return `“${words}” has a meaning of its own: choose another name`
  }
  return taken.includes(words) ? `“${words}” is there already` : null
}
