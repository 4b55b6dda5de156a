/** From the document's maps to React Flow's JSON: the same entries in the same order as the server lists. */

import * as Y from 'yjs'
import type { Point } from '../types'

export const NODES = 'nodes'
export const EDGES = 'edges'
export const META = 'meta'

/** A node as React Flow's JSON has it; the document's own keys are all there. */
export interface NodeJson {
  id: string
  position: Point
  data: Record<string, unknown>
  type?: string
  parentId?: string
  [key: string]: unknown
}

export interface EdgeJson {
  id: string
  source: string
  target: string
  data: Record<string, unknown>
  [key: string]: unknown
}

export interface GraphJson {
  nodes: NodeJson[]
  edges: EdgeJson[]
  meta: Record<string, unknown>
}

/** `data` may be given, where it is known to be the same as before. Null for what is no node. */
export function readNode(
  id: string,
  entry: unknown,
  data?: Record<string, unknown>
): NodeJson | null {
  if (!(entry instanceof Y.Map)) return null
  const fields = readFields(entry)
  return { ...fields, id, position: readPosition(fields.position), data: data ?? readData(entry) }
}

/** Null for what is no edge, or has no source or target. */
export function readEdge(
  id: string,
  entry: unknown,
  data?: Record<string, unknown>
): EdgeJson | null {
  if (!(entry instanceof Y.Map)) return null
  const fields = readFields(entry)
  const { source, target } = fields
  if (typeof source !== 'string' || typeof target !== 'string') return null
  return { ...fields, id, source, target, data: data ?? readData(entry) }
}

export function readOrder(entry: unknown): number {
  const order: unknown = entry instanceof Y.Map ? entry.get('order') : undefined
  return typeof order === 'number' && Number.isFinite(order) ? order : Infinity
}

/** Plain JSON of any value of the document; texts are strings. */
export function readValue(value: unknown): unknown {
  return value instanceof Y.AbstractType ? (value.toJSON() as unknown) : value
}

/** What a map or a plain object holds under a key; undefined where there is neither. */
export function readEntry(holder: unknown, key: string): unknown {
  if (holder instanceof Y.AbstractType) return holder instanceof Y.Map ? holder.get(key) : undefined
  return isObject(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined
}

/** A plain one: no list, and no shared type. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Y.AbstractType)
  )
}

function readFields(entry: Y.Map<unknown>): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [key, value] of entry) {
    if (key !== 'data' && key !== 'order' && key !== 'id') fields[key] = readValue(value)
  }
  return fields
}

function readData(entry: Y.Map<unknown>): Record<string, unknown> {
  const data = readValue(entry.get('data'))
  return isObject(data) ? data : {}
}

function readPosition(value: unknown): Point {
  const { x, y } = (value ?? {}) as { x?: unknown; y?: unknown }
  return typeof x === 'number' && typeof y === 'number' ? { x, y } : { x: 0, y: 0 }
}

export interface Ordered {
  id: string
  order: number
  parentId?: string | undefined
}

/**
 * Ids by `order`, then by id, but nobody before their parent: a parent is moved up to its first child.
 * `rootless` are those whose parent is missing or, by its parents, their own descendant.
 */
export function listed(entries: readonly Ordered[]): { ids: string[]; rootless: Set<string> } {
  const sorted = [...entries].sort(
    (a, b) => (a.order === b.order ? 0 : a.order - b.order) || compareIds(a.id, b.id)
  )
  const parents = new Map<string, string>()
  const known = new Set(sorted.map((each) => each.id))
  const rootless = new Set<string>()
  for (const { id, parentId } of sorted) {
    if (parentId === undefined) continue
    if (known.has(parentId)) parents.set(id, parentId)
    else rootless.add(id)
  }
  for (const id of inCycles(parents)) {
    parents.delete(id)
    rootless.add(id)
  }
  const done = new Set<string>()
  for (const { id } of sorted) {
    const line: string[] = []
    for (let each: string | undefined = id; each !== undefined && !done.has(each);) {
      line.push(each)
      each = parents.get(each)
    }
    for (const each of line.reverse()) done.add(each)
  }
  return { ids: [...done], rootless }
}

function inCycles(parents: ReadonlyMap<string, string>): Set<string> {
  const found = new Set<string>()
  const seen = new Set<string>()
  for (const start of parents.keys()) {
    const line: string[] = []
    let each: string | undefined = start
    while (each !== undefined && !seen.has(each)) {
      seen.add(each)
      line.push(each)
      each = parents.get(each)
    }
    const at = each === undefined ? -1 : line.indexOf(each)
    if (at >= 0) for (const id of line.slice(at)) found.add(id)
  }
  return found
}

/** By code points, as the server compares: JavaScript's own order differs beyond the basic plane. */
function compareIds(a: string, b: string): number {
  if (a === b) return 0
  const left = Array.from(a)
  const right = Array.from(b)
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** The whole document, as an export has it. */
export function graphOf(doc: Y.Doc): GraphJson {
  const nodes = inOrder(doc.getMap(NODES), readNode)
  const edges = inOrder(doc.getMap(EDGES), readEdge)
  return { nodes, edges, meta: readMeta(doc) }
}

export function readMeta(doc: Y.Doc): Record<string, unknown> {
  return doc.getMap(META).toJSON()
}

function inOrder<T extends NodeJson | EdgeJson>(
  root: Y.Map<unknown>,
  read: (id: string, entry: unknown) => T | null
): T[] {
  const found = new Map<string, T>()
  const entries: Ordered[] = []
  for (const [id, entry] of root) {
    const json = read(id, entry)
    if (json === null) continue
    found.set(id, json)
    entries.push({ id, order: readOrder(entry), parentId: parentOf(json) })
  }
  return listed(entries).ids.flatMap((id) => found.get(id) ?? [])
}

export function parentOf(json: NodeJson | EdgeJson): string | undefined {
  return typeof json.parentId === 'string' ? json.parentId : undefined
}
