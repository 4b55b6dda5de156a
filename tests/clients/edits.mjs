/**
 * Edits and look-ups by path on a Y.Doc, so that a test can say them in JSON.
 *
 * A path starts with the name of a root map. `{"$map": {...}}` and `{"$text": "..."}` stand for
 * shared types; every other value is stored as it is.
 */
import * as Y from 'yjs'

const build = (value) => {
  if (value !== null && typeof value === 'object') {
    if ('$text' in value) return new Y.Text(value.$text)
    if ('$map' in value) {
      return new Y.Map(Object.entries(value.$map).map(([key, inner]) => [key, build(inner)]))
    }
  }
  return value
}

const sharedAt = (doc, path) => {
  let at = doc.getMap(path[0])
  for (const key of path.slice(1)) {
    at = at instanceof Y.Map ? at.get(key) : undefined
  }
  if (!(at instanceof Y.AbstractType)) throw new Error(`nothing shared at ${JSON.stringify(path)}`)
  return at
}

const APPLY = {
  look: () => {},
  set: (doc, path, value) => sharedAt(doc, path.slice(0, -1)).set(path.at(-1), build(value)),
  delete: (doc, path) => sharedAt(doc, path.slice(0, -1)).delete(path.at(-1)),
  insert: (doc, path, index, text) => sharedAt(doc, path).insert(index, text),
  remove: (doc, path, index, length) => sharedAt(doc, path).delete(index, length),
  append: (doc, path, text) => sharedAt(doc, path).insert(sharedAt(doc, path).length, text),
  erase: (doc, path, text) => {
    const at = sharedAt(doc, path).toString().indexOf(text)
    if (at >= 0) sharedAt(doc, path).delete(at, text.length)
  }
}

/**
 * Apply `operations`, each `[name, path, ...arguments]`, in one transaction; the answer is what was
 * at each path before.
 */
export const edit = (doc, operations) =>
  doc.transact(() => operations.map(([name, path, ...rest]) => {
    if (APPLY[name] === undefined) throw new Error(`no such edit: ${name}`)
    const before = look(doc, path)
    APPLY[name](doc, path, ...rest)
    return before ?? null
  }))

/** The JSON value at `path`, or undefined. An empty path is the whole document. */
export const look = (doc, path) => {
  if (path.length === 0) {
    return Object.fromEntries([...doc.share.keys()].map((root) => [root, look(doc, [root])]))
  }
  let at = doc.getMap(path[0])
  for (const key of path.slice(1)) {
    if (at instanceof Y.Map) at = at.get(key)
    else if (at !== null && typeof at === 'object' && !(at instanceof Y.AbstractType)) at = at[key]
    else return undefined
  }
  return at instanceof Y.AbstractType ? at.toJSON() : at
}
