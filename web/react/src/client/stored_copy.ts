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
  /** Of the edits made here. */
  unsaved: number
  /** Of those that other tabs have left in the copy, and that were taken over from there. */
  takenOver: number
  rights: Rights
}

/**
 * y-indexeddb opens and reads the copy. It is written here, where a write that fails is noticed, and where
 * each tab counts its own changes and minds that another may have emptied the copy, or deleted it.
 */
export class StoredCopy {
  readonly #name: string
  readonly #doc: Y.Doc
  #persistence: IndexeddbPersistence | null = null
  /** Null until all is read, and again once somebody has deleted it. */
  #db: IDBDatabase | null = null
  readonly #onChange: () => void
  #isUsable = false
  #isDestroyed = false
  /** How often the copy had been emptied when this tab read or wrote it last. */
  #round = 0
  /** Something was not written: what comes next makes no sense without it. */
  #hasGap = false
  #waiting: Uint8Array[] = []
  /** Of each other tab what it had not saved when its edits were last brought into the document from here. */
  readonly #takenOver = new Map<number, Unsaved>()
  #remembered: Remembered | null = null
  #isRemembered = true
  #isWriting = false
  #retryTimer: ReturnType<typeof setTimeout> | undefined

  static get isPossible(): boolean {
    return typeof indexedDB !== 'undefined'
  }

  /** `onChange` is told when `isUsable` has changed after the copy was loaded, and when all is written. */
  constructor(name: string, doc: Y.Doc, onChange: () => void) {
    this.#name = name
    this.#doc = doc
    this.#onChange = onChange
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
    const db = await persistence._db
    const remembered = await this.#read(db)
    if (!this.#use(db)) return null
    this.#isUsable = true
    this.#flush()
    return remembered
  }

  /** Not if all was given up while it was opened. */
  #use(db: IDBDatabase): boolean {
    if (this.#isDestroyed || this.#db !== null) {
      db.close()
      return false
    }
    this.#db = db
    for (const event of ['versionchange', 'close']) {
      db.addEventListener(event, () => this.#onDeleted(db))
    }
    return true
  }

  /** Whoever deletes it means that nothing is kept, until `reopen`. */
  #onDeleted(db: IDBDatabase): void {
    if (this.#isDestroyed || this.#db !== db) return
    db.close()
    this.#db = null
    this.#hasGap = true
    this.#waiting = []
    clearTimeout(this.#retryTimer)
    this.#setUsable(false)
  }

  /** After it was deleted: all of the document is kept again. */
  async reopen(): Promise<void> {
    if (this.#isDestroyed || this.#db !== null || !this.#hasGap) return
    const db = await openCopy(this.#name)
    if (this.#use(db)) this.#startWrite()
  }

  remember(now: Remembered): void {
    if (isEqualJson(now, this.#remembered)) return
    this.#remembered = now
    this.#isRemembered = false
    this.#flush()
  }

  /**
   * Finds what other tabs left here unsaved, such as one that was closed offline: `bring` is told how many
   * edits these are, and with what they are brought into the document.
   */
  async takeUp(bring: (unsaved: number, apply: () => void) => void): Promise<void> {
    if (!this.#isUsable || this.#isDestroyed || this.#db === null) return
    const turn = this.#db.transaction(STORES, 'readonly')
    const records = turn.objectStore('custom').getAll(unsavedKeys()) as IDBRequest<Unsaved[]>
    records.onsuccess = () => {
      const left = records.result.filter((each) => !this.#isOwnOrTaken(each))
      if (left.length === 0) return
      const stored = turn.objectStore('updates').getAll() as IDBRequest<Uint8Array[]>
      stored.onsuccess = () => {
        if (this.#isDestroyed) return
        bring(unsavedIn(left) - this.#takenFrom(left), () => {
          this.#take(left)
          Y.applyUpdate(this.#doc, Y.mergeUpdates(stored.result), this.#persistence)
          // Where the server has it all by other ways, nothing is sent, and this is for the records alone.
          this.#isRemembered = false
          this.#flush()
        })
      }
    }
    await finished(turn)
  }

  #isOwnOrTaken(record: Unsaved): boolean {
    const { client } = record
    return client === this.#doc.clientID || isEqualJson(record, this.#takenOver.get(client))
  }

  #takenFrom(records: readonly Unsaved[]): number {
    return records.reduce((sum, { client }) => sum + (this.#takenOver.get(client)?.count ?? 0), 0)
  }

  #take(records: readonly Unsaved[]): void {
    for (const each of records) this.#takenOver.set(each.client, each)
  }

  /** Empties the copy. Not by deleting the database: other tabs may have it open. */
  async clear(): Promise<void> {
    this.#isDestroyed = true
    clearTimeout(this.#retryTimer)
    try {
      const db = this.#db ?? (await this.#persistence?._db)
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
    await this.#close()
  }

  /** What is still to be written is, before it closes. */
  async destroy(): Promise<void> {
    const isBehind = this.#waiting.length > 0 || !this.#isRemembered
    const last =
      this.#db !== null && !this.#isDestroyed && isBehind
        ? this.#write(this.#waiting.splice(0)).catch(() => undefined)
        : undefined
    this.#isDestroyed = true
    clearTimeout(this.#retryTimer)
    await last
    await this.#close()
  }

  async #close(): Promise<void> {
    this.#db?.close()
    await this.#persistence?.destroy().catch(() => undefined)
  }

  async #read(db: IDBDatabase): Promise<Remembered | null> {
    const turn = db.transaction(STORES, 'readonly')
    const custom = turn.objectStore('custom')
    const [round, kept] = [custom.get(ROUND), custom.get(KEPT)]
    const records = custom.getAll(unsavedKeys()) as IDBRequest<Unsaved[]>
    await finished(turn)
    this.#round = numberOf(round.result)
    this.#take(records.result)
    if (kept.result === undefined) return null
    const { role, permissions } = kept.result as { role?: unknown; permissions?: unknown }
    return {
      unsaved: 0,
      takenOver: unsavedIn(records.result),
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
    if (this.#isDestroyed) return
    this.#isWriting = true
    this.#write(this.#waiting.splice(0)).then(
      () => this.#onWritten(true),
      () => this.#onWritten(false)
    )
  }

  async #write(updates: readonly Uint8Array[]): Promise<void> {
    this.#isRemembered = true
    if (this.#db === null) throw new Error('The copy is not open.')
    const turn = this.#db.transaction(STORES, 'readwrite')
    const stored = turn.objectStore('updates')
    const custom = turn.objectStore('custom')
    const asked = custom.get(ROUND)
    asked.onsuccess = () => {
      const round = numberOf(asked.result)
      const isWhole = this.#hasGap || round !== this.#round
      if (isWhole) this.#putBackTaken(custom)
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
    const { unsaved: count, takenOver, rights } = this.#remembered
    const { clientID, store } = this.#doc
    custom.put(rights, KEPT)
    if (count > 0) {
      const clock = Y.getState(store, clientID)
      custom.put({ client: clientID, clock, count } satisfies Unsaved, unsavedKey(clientID))
    } else {
      custom.delete(unsavedKey(clientID))
    }
    if (takenOver > 0) return
    // The server has what was taken over; what those tabs have added since, it may not have.
    for (const taken of this.#takenOver.values()) {
      const now = custom.get(unsavedKey(taken.client))
      now.onsuccess = () => {
        if (isEqualJson(now.result, taken)) custom.delete(unsavedKey(taken.client))
      }
    }
  }

  /** Whoever emptied the copy has removed these too, and this document still has their edits. */
  #putBackTaken(custom: IDBObjectStore): void {
    if ((this.#remembered?.takenOver ?? 0) === 0) return
    for (const taken of this.#takenOver.values()) {
      const key = unsavedKey(taken.client)
      const now = custom.getKey(key)
      now.onsuccess = () => {
        if (now.result === undefined) custom.put(taken, key)
      }
    }
  }

  #onWritten(isWhole: boolean): void {
    this.#isWriting = false
    if (this.#db === null) return
    this.#hasGap = !isWhole
    if (this.#isDestroyed) return
    this.#setUsable(isWhole)
    if (isWhole) {
      this.#flush()
      if (this.isWritten) this.#onChange()
      return
    }
    this.#isRemembered = false
    this.#waiting = []
    this.#retryTimer = setTimeout(() => this.#startWrite(), RETRY_MS)
  }

  #setUsable(isUsable: boolean): void {
    if (isUsable === this.#isUsable) return
    this.#isUsable = isUsable
    this.#onChange()
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
