/** From React Flow's objects into the document: created whole, changed in place, texts by their difference. */

import * as Y from 'yjs'
import { isEqualJson } from '../client/equality'
import { readOrder, readValue, type EDGES, type NODES } from './read_graph'
import { wellFormed, writeText } from './text_difference'

/** Strings under these keys of `data` are long texts: several people type in them at once. */
const TEXT_KEYS: ReadonlySet<string> = new Set(['prompt', 'code', 'description', 'instructions'])

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
    if (value !== undefined) data.set(key, sharedValue(key, value))
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
    if (!NOT_STORED.has(key)) write(entry as Y.Map<unknown>, key, value, jsonOf)
  }
}

export function writeData(entry: unknown, patch: Readonly<Record<string, unknown>>): void {
  if (!(entry instanceof Y.Map)) return
  let data: unknown = entry.get('data')
  if (!(data instanceof Y.Map)) {
    // Foreign editors may have written plain JSON: as a map two people can change two keys of it.
    const before = readValue(data)
    data = new Y.Map(typeof before === 'object' && before !== null ? Object.entries(before) : [])
    entry.set('data', data)
  }
  for (const [key, value] of Object.entries(patch)) {
    write(data as Y.Map<unknown>, key, value, (item) => sharedValue(key, item))
  }
}

function write(
  map: Y.Map<unknown>,
  key: string,
  value: unknown,
  created: (value: unknown) => unknown
): void {
  const before = map.get(key)
  if (value === undefined) {
    if (map.has(key)) map.delete(key)
  } else if (before instanceof Y.Text && typeof value === 'string') {
    writeText(before, value)
  } else if (!map.has(key)) {
    map.set(key, created(value))
  } else if (!isEqualJson(readValue(before), value)) {
    map.set(key, jsonOf(value))
  }
}

function sharedValue(key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !TEXT_KEYS.has(key)) return jsonOf(value)
  return new Y.Text(wellFormed(value))
}

/** As JSON would carry it: functions and what is undefined are left out. Nothing is shared with the caller. */
function jsonOf(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined
  return text === undefined ? null : (JSON.parse(text) as unknown)
}
