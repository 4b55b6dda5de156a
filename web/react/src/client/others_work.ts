/** What others have done to the nodes and edges that this editor has made, and undo must not take away. */

import * as Y from 'yjs'
import { EDGES, NODES } from '../flow/read_graph'

/** One step of an undo manager. */
export type Step = Y.UndoManager['undoStack'][number]

/**
 * Of the nodes and edges that a step has made, those in which others have written, which others have connected or
 * put nodes into, and those that these need: the ends of an edge, the group of a node.
 * `shared` names more that hold others' work, as `sharedIn` does.
 */
export function keptOf(doc: Y.Doc, step: Step, shared: ReadonlySet<string>): Set<Y.Item> {
  const made = new Map<string, Y.Item>()
  for (const entry of entriesIn(doc, step.insertions)) {
    const latest = latestOf(doc, entry)
    if (!latest.deleted) made.set(nameOf(doc, latest), latest)
  }
  const kept = new Set<Y.Item>()
  const keep = (name: string) => {
    const entry = made.get(name)
    if (entry === undefined || kept.has(entry)) return
    kept.add(entry)
    for (const { id } of referencesOf(entry)) keep(nodeName(id))
  }
  const used = made.size === 0 ? new Set() : usedByOthers(doc)
  for (const [name, entry] of made) {
    if (used.has(name) || shared.has(name) || isPartlyOfOthers(entry, doc.clientID)) keep(name)
  }
  return kept
}

/** Names of nodes and edges that a step has deleted with others' work in them: restored, all looks like one's own. */
export function sharedIn(doc: Y.Doc, step: Step): string[] {
  return entriesIn(doc, step.deletions)
    .filter((each) => isPartlyOfOthers(each, doc.clientID))
    .map((each) => nameOf(doc, each))
}

/** The nodes and edges among these items. */
function entriesIn(doc: Y.Doc, { clients }: Step['insertions']): Y.Item[] {
  const roots = new Set<unknown>([doc.getMap(NODES), doc.getMap(EDGES)])
  const found: Y.Item[] = []
  for (const [client, ranges] of clients) {
    const structs = doc.store.clients.get(client) ?? []
    for (const { clock, len } of ranges) {
      for (let i = Y.findIndexSS(structs, clock); i < structs.length; i += 1) {
        const struct = structs[i]
        if (struct === undefined || struct.id.clock >= clock + len) break
        if (struct instanceof Y.Item && roots.has(struct.parent)) found.push(struct)
      }
    }
  }
  return found
}

/** What undo and redo have made of it since. */
function latestOf(doc: Y.Doc, item: Y.Item): Y.Item {
  let latest = item
  while (latest.redone !== null) latest = Y.getItem(doc.store, latest.redone)
  return latest
}

/** Whether anything in it is of another editor. What is deleted counts in what is deleted itself. */
function isPartlyOfOthers(item: Y.Item, own: number): boolean {
  const isIn = (each: Y.Item) => (item.deleted || !each.deleted) && isPartlyOfOthers(each, own)
  if (item.id.client !== own) return true
  if (!(item.content instanceof Y.ContentType)) return false
  const { type } = item.content
  for (const value of type._map.values()) if (isIn(value)) return true
  for (let each = type._start; each !== null; each = each.right) if (isIn(each)) return true
  return false
}

/** Names of the nodes that others' edges connect, and into which others have put nodes. */
function usedByOthers(doc: Y.Doc): Set<string> {
  const names = new Set<string>()
  for (const root of [EDGES, NODES]) {
    for (const entry of doc.getMap(root)._map.values()) {
      if (entry.deleted) continue
      for (const { id, client } of referencesOf(entry)) {
        if (client !== doc.clientID) names.add(nodeName(id))
      }
    }
  }
  return names
}

/** The nodes that a node or an edge names, and which editor wrote that. */
function referencesOf(entry: Y.Item): { id: string; client: number }[] {
  if (!(entry.content instanceof Y.ContentType)) return []
  const { type } = entry.content
  if (!(type instanceof Y.Map)) return []
  return ['source', 'target', 'parentId'].flatMap((key) => {
    const id: unknown = type.get(key)
    const client = type._map.get(key)?.id.client
    return typeof id === 'string' && client !== undefined ? [{ id, client }] : []
  })
}

function nameOf(doc: Y.Doc, entry: Y.Item): string {
  const id = entry.parentSub ?? ''
  return entry.parent === doc.getMap(NODES) ? nodeName(id) : `edge ${id}`
}

function nodeName(id: string): string {
  return `node ${id}`
}
