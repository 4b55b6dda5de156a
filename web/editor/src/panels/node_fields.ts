/** Which of a node's data are texts to be edited, and which are shown as they are. PURE. */

import { inOrder, type NodeData } from '../canvas/node_words'

export interface Field {
  key: string
  isLong: boolean
}

const LONG_CHARS = 48
/** Long by their meaning, though empty now. */
const LONG_KEYS = /prompt|code|description|instructions|text|content|note|message|body|template/i
const NEVER_EDITED = new Set([
  'id',
  'type',
  'version',
  'baseClasses',
  'category',
  'filePath',
  'icon'
])

export function isLongText(key: string, value: string): boolean {
  return value.length > LONG_CHARS || /[\r\n]/.test(value) || LONG_KEYS.test(key)
}

export function fieldsOf(
  data: NodeData,
  nameKey: string
): { texts: Field[]; rest: Record<string, unknown> } {
  const texts: Field[] = []
  const rest: Record<string, unknown> = {}
  // What another editor's palette says of a kind of node is not this node's to change.
  const isInstance = 'inputParams' in data
  for (const [key, value] of inOrder(Object.entries(data))) {
    if (key === nameKey) continue
    const isText =
      typeof value === 'string' &&
      !NEVER_EDITED.has(key) &&
      !(isInstance && (key === 'name' || key === 'description' || key === 'color'))
    if (isText) {
      texts.push({ key, isLong: isLongText(key, value) })
    } else {
      rest[key] = value
    }
  }
  return { texts, rest }
}
