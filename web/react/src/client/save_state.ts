/** How many edits the server has not yet told to be saved, by counting the frames that carried them. */

/** What docs/protocol.md counts in `saved`: the client's own steps 2 and updates. */
export const SYNC_STEP_2 = 1
export const SYNC_UPDATE = 2

export class SaveCounter {
  /** Edits that no frame of this connection has carried yet. */
  #kept: number
  /** For each frame of this connection that is not settled: how many edits it carries. */
  #inFlight: number[] = []
  #settled = 0

  constructor(kept = 0) {
    this.#kept = kept
  }

  get unsaved(): number {
    return this.#inFlight.reduce((sum, edits) => sum + edits, this.#kept)
  }

  /** Edits that only this device has. */
  edited(count = 1): void {
    this.#kept += count
  }

  /** A counted frame left by the socket. A step 2 carries all that the server has not. */
  sent(subtype: number): void {
    if (subtype === SYNC_STEP_2) {
      this.#inFlight.push(this.#kept)
      this.#kept = 0
    } else if (subtype === SYNC_UPDATE) {
      this.#inFlight.push(1)
    }
  }

  /** The server's word for this connection: its first `count` frames are settled. */
  saved(count: number): void {
    while (this.#settled < count && this.#inFlight.length > 0) {
      this.#inFlight.shift()
      this.#settled += 1
    }
  }

  /** A connection has ended, and its count with it. What it had not settled may be lost. */
  disconnected(): void {
    this.#kept = this.unsaved
    this.#inFlight = []
    this.#settled = 0
  }
}
