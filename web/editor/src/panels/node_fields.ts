/** Which of a node's data are edited, and how, and which are shown as they are. PURE. */

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
  'icon',
  'selected'
])
/** What another editor's palette says of a kind of node, in each node of it, is not this node's to change. */
const OF_THE_KIND = new Set(['name', 'description', 'color'])

export function isEditedKey(key: string, data: NodeData): boolean {
  return !NEVER_EDITED.has(key) && !(isInstance(data) && OF_THE_KIND.has(key))
}

export function isLongText(key: string, value: string): boolean {
  return value.length > LONG_CHARS || /[\r\n]/.test(value) || LONG_KEYS.test(key)
}

export function fieldsOf(
  data: NodeData,
  nameKey: string
): { fields: Field[]; rest: Record<string, unknown> } {
  const fields: Field[] = []
  const rest: Record<string, unknown> = {}
  for (const [key, value] of inOrder(Object.entries(data))) {
    if (key === nameKey) continue
    const isText = typeof value === 'string'
    const isEdited = isText || (isPlain(value) && !isInstance(data))
    if (!isEdited || !isEditedKey(key, data)) rest[key] = value
    else fields.push({ key, isLong: isText && isLongText(key, value) })
  }
  return { fields, rest }
}

function isPlain(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean'
}

function isInstance(data: NodeData): boolean {
  return 'inputParams' in data
}
