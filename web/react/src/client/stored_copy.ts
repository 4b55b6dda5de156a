/** The copy of a document that this device keeps, and how much of it the server does not have yet. */

import { IndexeddbPersistence } from 'y-indexeddb'
import type * as Y from 'yjs'
import { isRole } from './permissions'
import type { Role } from '../types'

const OPEN_WITHIN_MS = 5_000

export interface Remembered {
  unsaved: number
  role: Role | null
}

export class StoredCopy {
  readonly #persistence: IndexeddbPersistence
  #isUsable = false
  #isDestroyed = false
  #written: Remembered | null = null

  static get isPossible(): boolean {
    return typeof indexedDB !== 'undefined'
  }

  constructor(name: string, doc: Y.Doc) {
    this.#persistence = new IndexeddbPersistence(name, doc)
  }

  /** False in private windows that have no storage, in Node, or while another tab blocks it. */
  get isUsable(): boolean {
    return this.#isUsable
  }

  /** The origin of the transaction that loads the copy. */
  get origin(): unknown {
    return this.#persistence
  }

  /** What was kept, once it is in the document; null if nothing was, or nothing can be kept. */
  async load(): Promise<Remembered | null> {
    const persistence = this.#persistence
    let timer: ReturnType<typeof setTimeout> | undefined
    const givenUp = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), OPEN_WITHIN_MS)
    })
    try {
      // `_db` is what rejects where there is no storage; `whenSynced` would wait for ever.
      const opened = persistence._db.then(() => persistence.whenSynced)
      if ((await Promise.race([opened, givenUp])) === null) throw new Error('Storage is blocked.')
      if (this.#isDestroyed) return null
      this.#isUsable = true
      const [unsaved, role] = (await Promise.all([
        persistence.get('unsaved'),
        persistence.get('role')
      ])) as unknown[]
      if (unsaved === undefined) return null
      const remembered = {
        unsaved: typeof unsaved === 'number' ? unsaved : 0,
        role: isRole(role) ? role : null
      }
      this.#written = remembered
      return remembered
    } catch {
      this.#isUsable = false
      return null
    } finally {
      clearTimeout(timer)
    }
  }

  remember(now: Remembered): void {
    if (!this.#isUsable || this.#isDestroyed) return
    const { unsaved, role } = now
    if (unsaved === this.#written?.unsaved && role === this.#written.role) return
    this.#written = { unsaved, role }
    const failed = () => undefined // The next change tries again; the copy itself is written elsewhere.
    this.#persistence.set('unsaved', unsaved).catch(failed)
    if (role !== null) this.#persistence.set('role', role).catch(failed)
  }

  /** Empties the copy. Not by deleting the database, which would wait for other tabs to close. */
  async clear(): Promise<void> {
    this.#isDestroyed = true
    const { db } = this.#persistence
    if (this.#isUsable && db !== null) {
      const turn = db.transaction(['updates', 'custom'], 'readwrite')
      const done = new Promise<void>((resolve) => {
        turn.oncomplete = turn.onabort = () => resolve()
      })
      turn.objectStore('updates').clear()
      turn.objectStore('custom').clear()
      await done
    }
    await this.destroy()
  }

  async destroy(): Promise<void> {
    this.#isDestroyed = true
    await this.#persistence.destroy().catch(() => undefined)
  }
}
