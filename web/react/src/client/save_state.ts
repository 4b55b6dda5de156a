/** How many edits the server has not yet told to be saved, by counting the frames that carried them. */

/** What docs/protocol.md counts in `saved`: the client's own steps 2 and updates. */
export const SYNC_STEP_2 = 1
export const SYNC_UPDATE = 2

interface Edits {
  own: number
  /** Made in other tabs, and taken over from the stored copy. */
  takenOver: number
}

export class SaveCounter {
  /** Edits that no frame of this connection has carried yet. */
  #kept: Edits
  /** For each frame of this connection that is not settled: how many edits it carries. */
  #inFlight: Edits[] = []
  #settled = 0

  constructor(kept = 0) {
    this.#kept = { own: kept, takenOver: 0 }
  }

  get unsaved(): number {
    return this.own + this.takenOver
  }

  get own(): number {
    return this.#inFlight.reduce((sum, { own }) => sum + own, this.#kept.own)
  }

  get takenOver(): number {
    return this.#inFlight.reduce((sum, { takenOver }) => sum + takenOver, this.#kept.takenOver)
  }

  /** An edit that only this device has. */
  edited(): void {
    this.#kept.own += 1
  }

  tookOver(count: number): void {
    this.#kept.takenOver += count
  }

  /** A counted frame left by the socket, with an edit or what was taken over. A step 2 carries all that the server has not. */
  sent(subtype: number, takenOver = 0): void {
    if (subtype === SYNC_STEP_2) {
      this.#inFlight.push(this.#kept)
      this.#kept = { own: 0, takenOver: 0 }
    } else if (subtype === SYNC_UPDATE) {
      this.#inFlight.push({ own: takenOver > 0 ? 0 : 1, takenOver })
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
    this.#kept = { own: this.own, takenOver: this.takenOver }
    this.#inFlight = []
    this.#settled = 0
  }
}
