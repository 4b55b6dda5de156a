/** What was refused since the connection was opened: the reason of a close that follows. */

import type { Reverted } from '../types'

const MAX_KEPT = 100
/** A reset follows what it is for at once; what was reverted long before has nothing to do with it. */
const REASON_WITHIN_MS = 15_000
/** Of edits for which the server closes with 4403. */
const FORBIDDEN = new Set(['permission_denied', 'foreign_client_id'])

export class RefusedEdits {
  #edits: readonly Reverted[] = []

  get isAny(): boolean {
    return this.#edits.length > 0
  }

  /** Whether the server closes with 4403 for one of them. */
  get isForbidden(): boolean {
    return this.#edits.some((each) => FORBIDDEN.has(each.reason))
  }

  add(edit: Reverted): void {
    this.#edits = [...this.#edits, edit].slice(-MAX_KEPT)
  }

  /** Those that a reset just now is for. */
  recent(): readonly Reverted[] {
    const since = Date.now() - REASON_WITHIN_MS
    return this.#edits.filter((each) => each.atMs >= since)
  }

  clear(): void {
    this.#edits = []
  }
}
