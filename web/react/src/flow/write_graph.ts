/** From React Flow's objects into the document: created whole, changed in place, texts by their difference. */

import * as Y from 'yjs'
import { isEqualJson } from '../client/equality'
import { isObject, readOrder, readValue, type EDGES, type NODES } from './read_graph'
import { createInData, createInSettings, createPlain, jsonOf, type Create } from './shared_values'
import { writeText } from './text_difference'

/** What React Flow computes, what is one user's own, and what this package adds for display. */
const NOT_STORED: ReadonlySet<string> = new Set([
  ...['selected', 'dragging', 'resizing', 'measured', 'positionAbsolute', 'internals'],
  ...['order', 'id', 'data']
])

export type Collection = typeof NODES | typeof EDGES

export interface Entity {
  id: string
  data?: Record<string, unknown>
}

/** `order` is the entity's place among the others. Replaces one of the same id. */
export function createEntity(
  doc: Y.Doc,
  collection: Collection,
  entity: Entity,
  order: number
): void {
  const map = new Y.Map<unknown>()
  map.set('id', entity.id)
  for (const [key, value] of Object.entries(entity)) {
    if (!NOT_STORED.has(key) && value !== undefined) map.set(key, jsonOf(value))
  }
  const data = new Y.Map<unknown>()
  for (const [key, value] of Object.entries(entity.data ?? {})) {
    if (value !== undefined) data.set(key, createInData(key, value))
  }
  map.set('data', data)
  map.set('order', order)
  doc.getMap(collection).set(entity.id, map)
}

/** A number behind all others. */
export function nextOrder(root: Y.Map<unknown>): number {
  let last = -1
  for (const entry of root.values()) {
    const order = readOrder(entry)
    if (Number.isFinite(order) && order > last) last = order
  }
  return last + 1
}

/** Only what differs is written; undefined deletes. Nothing happens to what is gone. */
export function writeFields(entry: unknown, fields: Readonly<Record<string, unknown>>): void {
  if (!(entry instanceof Y.Map)) return
  for (const [key, value] of Object.entries(fields)) {
    if (!NOT_STORED.has(key)) write(entry as Y.Map<unknown>, key, value, createPlain)
  }
}

export function writeData(entry: unknown, patch: Readonly<Record<string, unknown>>): void {
  const data = dataOf(entry)
  if (data === null) return
  for (const [key, value] of Object.entries(patch)) {
    write(data, key, value, createInData, createInSettings)
  }
}

/**
 * One setting of those under a key of `data`, which are created if there are none. A plain object, as older documents
 * hold it, stays one: it is written as a whole, from what it is at this moment. What is no object is left alone.
 */
export function writeSetting(entry: unknown, key: string, setting: string, value: unknown): void {
  const data = dataOf(entry)
  const held = data?.get(key)
  if (held instanceof Y.Map) {
    write(held as Y.Map<unknown>, setting, value, createInSettings)
  } else if (data !== null && (held == null || isObject(held))) {
    write(data, key, { ...held, [setting]: value }, createInData)
  }
}

function dataOf(entry: unknown): Y.Map<unknown> | null {
  if (!(entry instanceof Y.Map)) return null
  const held: unknown = entry.get('data')
  if (held instanceof Y.Map) return held as Y.Map<unknown>
  // Foreign editors may have written plain JSON: as a map two people can change two keys of it.
  const data = new Y.Map<unknown>(isObject(held) ? Object.entries(held) : [])
  entry.set('data', data)
  return data
}

/** `createInside` says what is made of values that are new in a map which the entry holds. */
function write(
  map: Y.Map<unknown>,
  key: string,
  value: unknown,
  create: Create,
  createInside: Create = createPlain
): void {
  const before = map.get(key)
  if (value === undefined) {
    if (map.has(key)) map.delete(key)
  } else if (before instanceof Y.Text && typeof value === 'string') {
    writeText(before, value)
  } else if (before instanceof Y.Map && isObject(value)) {
    writeAll(before as Y.Map<unknown>, value, createInside)
  } else if (!map.has(key) || !isEqualJson(readValue(before), value)) {
    map.set(key, isSameKind(before, value) ? jsonOf(value) : create(key, value))
  }
}

/** Only the keys that differ. */
function writeAll(map: Y.Map<unknown>, value: Record<string, unknown>, create: Create): void {
  for (const key of [...map.keys()]) if (!Object.hasOwn(value, key)) map.delete(key)
  for (const [key, item] of Object.entries(value)) write(map, key, item, create)
}

/** What is plain stays so, under whatever key: two who convert at once lose one edit. */
function isSameKind(before: unknown, value: unknown): boolean {
  return typeof before === 'string'
    ? typeof value === 'string'
    : isObject(before) && isObject(value)
}
