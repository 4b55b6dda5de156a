/** What stored copies hold beside y-indexeddb's updates, and how all of a user's are found. */

import { createStores, openDB } from 'lib0/indexeddb'
import { clearDocument } from 'y-indexeddb'
import { originOf } from '../api/origin'

export const STORES = ['updates', 'custom']
/** Of `custom`: `{role, permissions}`, once there was anything to keep. */
export const KEPT = 'kept'
/** Of `custom`: how often the copy was emptied. */
export const ROUND = 'round'

/** What one tab had not saved when it last wrote: the edits of this Yjs client before `clock`. */
export interface Unsaved {
  client: number
  clock: number
  count: number
}

export function unsavedKey(client: number): string {
  return `unsaved:${client}`
}

/** Of `custom`: an `Unsaved` for each tab. A function, as Node has no IDBKeyRange. */
export function unsavedKeys(): IDBKeyRange {
  return IDBKeyRange.bound('unsaved:', 'unsaved;')
}

export function unsavedIn(records: readonly Unsaved[]): number {
  return records.reduce((sum, { count }) => sum + count, 0)
}

/** Resolves when a transaction is complete, and rejects if it was not. */
export function finished(turn: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    turn.oncomplete = () => resolve()
    turn.onabort = () => reject(turn.error ?? new Error('The write was given up.'))
  })
}

export interface WhoseCopies {
  userId: string
  /** The page's origin when left out. */
  serverUrl?: string | undefined
  /** Of this workflow alone. */
  workflowId?: string | undefined
}

export function copyName(serverUrl: string, userId: string, workflowId: string): string {
  return `coflow:${serverUrl}:${encodeURIComponent(userId)}:${encodeURIComponent(workflowId)}`
}

/**
 * The workflows of which this device keeps a user's copy, and how many changes in it are not saved. Those that
 * can't be opened are left out, and where the browser has no list of databases (Firefox before 126) all but `workflowId`.
 */
export async function storedCopies(
  whose: WhoseCopies
): Promise<{ workflowId: string; unsavedChanges: number }[]> {
  const names = await namesOf(whose)
  const copies = await Promise.allSettled(
    names.map(async (name) => ({
      workflowId: decodeURIComponent(name.slice(name.lastIndexOf(':') + 1)),
      unsavedChanges: await readUnsaved(name)
    }))
  )
  return copies.flatMap((copy) => (copy.status === 'fulfilled' ? [copy.value] : []))
}

/** Delete a user's copies from this device, with what is unsaved in them; open tabs keep nothing until a `retry`. */
export async function forgetStoredCopies(whose: WhoseCopies): Promise<void> {
  const names = await namesOf(whose)
  await Promise.all(names.map((name) => clearDocument(name)))
}

async function namesOf({ userId, serverUrl, workflowId }: WhoseCopies): Promise<string[]> {
  if (typeof indexedDB === 'undefined') return []
  const beginning = copyName(originOf(serverUrl), userId, workflowId ?? '')
  const all = await allDatabases()
  if (all === null) return workflowId === undefined ? [] : [beginning]
  return all.flatMap(({ name = '' }) => {
    const isMeant = workflowId === undefined ? name.startsWith(beginning) : name === beginning
    return isMeant ? [name] : []
  })
}

/** Null where the browser can't tell. */
async function allDatabases(): Promise<IDBDatabaseInfo[] | null> {
  if (!('databases' in indexedDB)) return null
  return indexedDB.databases().catch(() => null)
}

/** As y-indexeddb does. Rejects where there is no storage. */
export function openCopy(name: string): Promise<IDBDatabase> {
  return openDB(name, (db) => createStores(db, [['updates', { autoIncrement: true }], ['custom']]))
}

/** Rejects where there is none, and makes none. */
function openExisting(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(name)
    asked.onupgradeneeded = () => asked.transaction?.abort()
    asked.onerror = () => reject(asked.error ?? new Error('It could not be opened.'))
    asked.onsuccess = () => {
      const db = asked.result
      db.onversionchange = () => db.close()
      resolve(db)
    }
  })
}

async function readUnsaved(name: string): Promise<number> {
  const db = await openExisting(name)
  try {
    const turn = db.transaction(['custom'], 'readonly')
    const counts = turn.objectStore('custom').getAll(unsavedKeys()) as IDBRequest<Unsaved[]>
    await finished(turn)
    return unsavedIn(counts.result)
  } finally {
    db.close()
  }
}
