/** What others have done to a node or an edge that this editor has made. */

import * as Y from 'yjs'
import { EDGES, NODES } from '../flow/read_graph'

/** One step of an undo manager. */
export type Step = Y.UndoManager['undoStack'][number]

/** Whether others wrote in it, connected it, or put nodes into it. */
export function holdsWorkOfOthers(doc: Y.Doc, entry: Y.Item): boolean {
  return isPartlyOfOthers(entry, doc.clientID) || isUsedByOthers(doc, entry)
}

/** The nodes and edges that a step has made, or what undo and redo have made of them since. */
export function entriesOf(doc: Y.Doc, step: Step): Set<Y.Item> {
  const roots = new Set<unknown>([doc.getMap(NODES), doc.getMap(EDGES)])
  const found = new Set<Y.Item>()
  for (const [client, ranges] of step.insertions.clients) {
    const structs = doc.store.clients.get(client) ?? []
    for (const { clock, len } of ranges) {
      for (let i = Y.findIndexSS(structs, clock); i < structs.length; i += 1) {
        const struct = structs[i]
        if (struct === undefined || struct.id.clock >= clock + len) break
        if (struct instanceof Y.Item && roots.has(struct.parent)) found.add(latestOf(doc, struct))
      }
    }
  }
  return found
}

function latestOf(doc: Y.Doc, item: Y.Item): Y.Item {
  let latest = item
  while (latest.redone !== null) latest = Y.getItem(doc.store, latest.redone)
  return latest
}

function isPartlyOfOthers(item: Y.Item, own: number): boolean {
  if (item.deleted) return false
  if (item.id.client !== own) return true
  if (!(item.content instanceof Y.ContentType)) return false
  const { type } = item.content
  for (const value of type._map.values()) if (isPartlyOfOthers(value, own)) return true
  for (let each = type._start; each !== null; each = each.right) {
    if (isPartlyOfOthers(each, own)) return true
  }
  return false
}

function isUsedByOthers(doc: Y.Doc, entry: Y.Item): boolean {
  const id = entry.parentSub
  if (entry.parent !== doc.getMap(NODES)) return false
  const names = (root: string, keys: readonly string[]) =>
    [...doc.getMap(root).values()].some(
      (other) =>
        other instanceof Y.Map &&
        keys.some((key) => {
          const value = other._map.get(key)
          const isOfOthers = value !== undefined && value.id.client !== doc.clientID
          return isOfOthers && other.get(key) === id
        })
    )
  return names(EDGES, ['source', 'target']) || names(NODES, ['parentId'])
}
