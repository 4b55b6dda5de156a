/** The copy of a document that this device keeps, and how much of it the server does not have yet. */

import { IndexeddbPersistence, PREFERRED_TRIM_SIZE } from 'y-indexeddb'
import * as Y from 'yjs'
import { isEqualJson } from './equality'
import { isRole, permissionsIn, type Rights } from './permissions'
import {
  finished,
  KEPT,
  openCopy,
  ROUND,
  STORES,
  unsavedIn,
  unsavedKey,
  unsavedKeys,
  type Unsaved
} from './stored_records'

const OPEN_WITHIN_MS = 5_000
/** A device that is full may have room again. */
const RETRY_MS = 5_000

export interface Remembered {
  unsaved: number
  rights: Rights
}

/**
 * y-indexeddb opens and reads the copy. It is written here, where a write that fails is noticed, and where
 * each tab counts its own changes and minds that another may have emptied the copy.
 */
export class StoredCopy {
  readonly #name: string
  readonly #doc: Y.Doc
  #persistence: IndexeddbPersistence | null = null
  readonly #onUsable: () => void
  #isUsable = false
  #isDestroyed = false
  /** How often the copy had been emptied when this tab read or wrote it last. */
  #round = 0
  /** Something was not written: what comes next makes no sense without it. */
  #hasGap = false
  #waiting: Uint8Array[] = []
  #remembered: Remembered | null = null
  #isRemembered = true
  #isWriting = false
  #retryTimer: ReturnType<typeof setTimeout> | undefined

  static get isPossible(): boolean {
    return typeof indexedDB !== 'undefined'
  }

  /** `onUsable` is told when `isUsable` has changed after the copy was loaded. */
  constructor(name: string, doc: Y.Doc, onUsable: () => void) {
    this.#name = name
    this.#doc = doc
    this.#onUsable = onUsable
  }

  /** Whether all of the document is kept. False too in private windows that have no storage, and in Node. */
  get isUsable(): boolean {
    return this.#isUsable
  }

  /** Whether nothing of it is still on its way to the disk. */
  get isWritten(): boolean {
    return this.#isUsable && !this.#isWriting && this.#waiting.length === 0
  }

  /** The origin of the transaction that loads the copy. */
  get origin(): unknown {
    return this.#persistence
  }

  /** What was kept, once it is in the document; null if nothing was, or nothing can be kept. */
  async load(): Promise<Remembered | null> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const givenUp = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('Storage is blocked.')), OPEN_WITHIN_MS)
    })
    try {
      return await Promise.race([this.#open(), givenUp])
    } catch {
      // What came later would go to the server as edits just made.
      void this.destroy()
      return null
    } finally {
      clearTimeout(timer)
    }
  }

  async #open(): Promise<Remembered | null> {
    // Where there is no storage, this fails; y-indexeddb would do so where nobody can catch it.
    const probe = await openCopy(this.#name)
    probe.close()
    if (this.#isDestroyed) return null
    const persistence = new IndexeddbPersistence(this.#name, this.#doc)
    this.#persistence = persistence
    this.#doc.off('update', persistence._storeUpdate)
    persistence._storeUpdate = this.#onUpdate
    this.#doc.on('update', this.#onUpdate)
    await persistence.whenSynced
    const remembered = await this.#read(await persistence._db)
    this.#isUsable = true
    this.#flush()
    return remembered
  }

  remember(now: Remembered): void {
    if (isEqualJson(now, this.#remembered)) return
    this.#remembered = now
    this.#isRemembered = false
    this.#flush()
  }

  /** Brings into the document what other tabs left here unsaved, such as one that was closed offline. */
  async takeUp(): Promise<void> {
    const db = this.#persistence?.db ?? null
    if (!this.#isUsable || this.#isDestroyed || db === null) return
    const turn = db.transaction(STORES, 'readonly')
    const own = unsavedKey(this.#doc.clientID)
    const keys = turn.objectStore('custom').getAllKeys(unsavedKeys())
    keys.onsuccess = () => {
      if (keys.result.every((key) => key === own)) return
      const stored = turn.objectStore('updates').getAll() as IDBRequest<Uint8Array[]>
      stored.onsuccess = () => {
        if (this.#isDestroyed) return
        Y.applyUpdate(this.#doc, Y.mergeUpdates(stored.result), this.#persistence)
      }
    }
    await finished(turn)
  }

  /** Empties the copy. Not by deleting the database: other tabs may have it open. */
  async clear(): Promise<void> {
    this.#isDestroyed = true
    try {
      const db = await this.#persistence?._db
      if (db !== undefined) {
        const turn = db.transaction(STORES, 'readwrite')
        const custom = turn.objectStore('custom')
        const asked = custom.get(ROUND)
        asked.onsuccess = () => {
          turn.objectStore('updates').clear()
          custom.clear()
          custom.put(numberOf(asked.result) + 1, ROUND)
        }
        await finished(turn)
      }
    } catch {
      // Storage that can't be written to has nothing to be emptied, or is gone already.
    }
    await this.destroy()
  }

  async destroy(): Promise<void> {
    this.#isDestroyed = true
    clearTimeout(this.#retryTimer)
    await this.#persistence?.destroy().catch(() => undefined)
  }

  async #read(db: IDBDatabase): Promise<Remembered | null> {
    const turn = db.transaction(STORES, 'readonly')
    const custom = turn.objectStore('custom')
    const [round, kept] = [custom.get(ROUND), custom.get(KEPT)]
    const counts = custom.getAll(unsavedKeys())
    await finished(turn)
    this.#round = numberOf(round.result)
    if (kept.result === undefined) return null
    const { role, permissions } = kept.result as { role?: unknown; permissions?: unknown }
    return {
      unsaved: unsavedIn(counts.result),
      rights: { role: isRole(role) ? role : null, permissions: permissionsIn(permissions) }
    }
  }

  readonly #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this.#persistence || this.#hasGap) return
    this.#waiting.push(update)
    this.#flush()
  }

  /** One write at a time; what comes meanwhile is the next. */
  #flush(): void {
    if (!this.#isUsable || this.#isWriting || this.#isDestroyed) return
    if (this.#waiting.length === 0 && this.#isRemembered) return
    // A change and the count that has it come one after the other, and belong in one write.
    this.#isWriting = true
    queueMicrotask(() => this.#startWrite())
  }

  #startWrite(): void {
    this.#isWriting = true
    this.#write(this.#waiting.splice(0)).then(
      () => this.#onWritten(true),
      () => this.#onWritten(false)
    )
  }

  async #write(updates: readonly Uint8Array[]): Promise<void> {
    this.#isRemembered = true
    const db = this.#persistence?.db
    if (db == null) throw new Error('The copy is not open.')
    const turn = db.transaction(STORES, 'readwrite')
    const stored = turn.objectStore('updates')
    const custom = turn.objectStore('custom')
    const asked = custom.get(ROUND)
    asked.onsuccess = () => {
      const round = numberOf(asked.result)
      const isWhole = this.#hasGap || round !== this.#round
      this.#round = round
      for (const update of isWhole ? [Y.encodeStateAsUpdate(this.#doc)] : updates) {
        stored.add(update)
      }
      this.#putRemembered(custom)
      trimIfLarge(stored)
    }
    await finished(turn)
  }

  #putRemembered(custom: IDBObjectStore): void {
    if (this.#remembered === null) return
    const { unsaved: count, rights } = this.#remembered
    const { clientID, store } = this.#doc
    custom.put(rights, KEPT)
    if (count > 0) {
      const clock = Y.getState(store, clientID)
      custom.put({ client: clientID, clock, count } satisfies Unsaved, unsavedKey(clientID))
      return
    }
    // The server has all of this document: what other tabs have left in it, too.
    const others = custom.openCursor(unsavedKeys())
    others.onsuccess = () => {
      const cursor = others.result
      if (cursor === null) return
      const { client, clock } = cursor.value as Unsaved
      if (client === clientID || clock <= Y.getState(store, client)) cursor.delete()
      cursor.continue()
    }
  }

  #onWritten(isWhole: boolean): void {
    this.#isWriting = false
    if (this.#isDestroyed) return
    this.#hasGap = !isWhole
    if (isWhole !== this.#isUsable) {
      this.#isUsable = isWhole
      this.#onUsable()
    }
    if (isWhole) {
      this.#flush()
      return
    }
    this.#isRemembered = false
    this.#waiting = []
    this.#retryTimer = setTimeout(() => this.#startWrite(), RETRY_MS)
  }
}

function trimIfLarge(stored: IDBObjectStore): void {
  const counted = stored.count()
  counted.onsuccess = () => {
    if (counted.result < PREFERRED_TRIM_SIZE) return
    const all = stored.getAll() as IDBRequest<Uint8Array[]>
    all.onsuccess = () => {
      // What other tabs have written is not in this tab's document, and stays.
      const whole = new Y.Doc()
      for (const update of all.result) Y.applyUpdate(whole, update)
      stored.clear()
      stored.add(Y.encodeStateAsUpdate(whole))
      whole.destroy()
    }
  }
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
