/** One document as this user works on it: its edits that the server lacks, and the copy that this device keeps. */

import * as Y from 'yjs'
import type { ConnectionState } from '../types'
import type { Rights } from './permissions'
import { SaveCounter } from './save_state'
import { StoredCopy } from './stored_copy'
import type { SyncConnection } from './sync_connection'

/** What of the connection's state is known here. */
export type WorkState = Pick<ConnectionState, 'unsavedChanges' | 'isStored' | 'isStoring'>

export class LocalWork {
  readonly doc = new Y.Doc()
  readonly #counter = new SaveCounter()
  readonly #onState: (state: WorkState) => void
  #connection: SyncConnection | null = null
  #copy: StoredCopy | null = null
  /** Null until there is anything that should be kept. */
  #rights: Rights | null = null
  /** How many edits of other tabs the frame carries that is being sent. */
  #broughtIn = 0
  #isEnded = false

  constructor(onState: (state: WorkState) => void) {
    this.#onState = onState
    this.doc.on('update', (_update: Uint8Array, origin: unknown) => {
      if (origin !== undefined && origin === this.#connection?.origin) return
      if (origin !== undefined && origin === this.#copy?.origin) return
      // With an open socket the provider has sent it, and counted it by that.
      if (this.#connection?.isOpen !== true) this.#counter.edited()
      this.#changed()
    })
  }

  get state(): WorkState {
    const isStored = this.#copy?.isUsable ?? false
    return {
      unsavedChanges: this.#counter.unsaved,
      isStored,
      isStoring: isStored && this.#connection?.isOpen !== true && !this.isSafe
    }
  }

  /** Whether all of it is on the server or, by now, on this device. */
  get isSafe(): boolean {
    return this.#counter.unsaved === 0 || (this.#copy?.isWritten ?? false)
  }

  /** Resolves to the rights that were kept with the copy; to null where there is none. */
  async loadCopy(name: string): Promise<Rights | null> {
    if (!StoredCopy.isPossible) return null
    const copy = new StoredCopy(name, this.doc, () => this.#changed())
    this.#copy = copy
    const remembered = await copy.load()
    if (this.#isEnded) return null
    if (remembered !== null) this.#counter.tookOver(remembered.takenOver)
    this.#changed()
    return remembered?.rights ?? null
  }

  attach(connection: SyncConnection): void {
    this.#connection = connection
  }

  /** From now on, that there is something worth to be kept; with the rights that this user has in it. */
  keep(rights: Rights): void {
    this.#rights = rights
    this.#remember()
  }

  /** While the connection is open: what other tabs have left unsaved on this device is sent too. */
  async takeUp(): Promise<void> {
    // What can't be read now is there for the next time.
    await this.#copy?.takeUp((unsaved, apply) => this.#bring(unsaved, apply)).catch(() => undefined)
  }

  #bring(unsaved: number, apply: () => void): void {
    if (this.#isEnded || this.#connection?.isOpen !== true) return
    // The provider sends it meanwhile.
    this.#broughtIn = Math.max(unsaved, 1)
    apply()
    this.#broughtIn = 0
  }

  /** After somebody has deleted the copy, and this user has come back. */
  async reopenCopy(): Promise<void> {
    // Without one the work goes on, and is told not to be stored.
    await this.#copy?.reopen().catch(() => undefined)
  }

  sent(subtype: number): void {
    this.#counter.sent(subtype, this.#broughtIn)
    this.#changed()
  }

  saved(count: number): void {
    this.#counter.saved(count)
    this.#changed()
  }

  disconnected(): void {
    this.#counter.disconnected()
    this.#changed()
  }

  /** The copy stays, for another time, or is emptied too. */
  async end(how: 'keep the copy' | 'empty the copy'): Promise<void> {
    this.#isEnded = true
    const copy = this.#copy
    const ended = how === 'empty the copy' ? copy?.clear() : copy?.destroy()
    this.doc.destroy()
    await ended
  }

  #changed(): void {
    if (this.#isEnded) return
    // What is to be written now is not written yet.
    this.#remember()
    this.#onState(this.state)
  }

  #remember(): void {
    if (this.#rights === null || this.#isEnded) return
    const { own, takenOver } = this.#counter
    this.#copy?.remember({ unsaved: own, takenOver, rights: this.#rights })
  }
}
