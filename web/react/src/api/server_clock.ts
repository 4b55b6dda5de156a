/** The server's times in this device's, whose clock may be minutes or hours from the server's. */

/** The header that tells of the server's clock counts seconds, and takes its time to come: less is no difference. */
const DOUBT_MS = 2_000

export class ServerClock {
  /** How far this device's clock is before the server's; null: not known. */
  #aheadMs: number | null = null

  learn(response: Response): void {
    const aheadMs = Date.now() - Date.parse(response.headers.get('Date') ?? '')
    // The answer that came the fastest knows best: all others count their time on the way too.
    if (aheadMs < (this.#aheadMs ?? Infinity) - DOUBT_MS) {
      this.#aheadMs = Math.abs(aheadMs) > DOUBT_MS ? aheadMs : 0
    }
  }

  /** An RFC 3339 time of the server's as milliseconds since 1970 by this device's clock. */
  msOf(time: string): number {
    return Date.parse(time) + (this.#aheadMs ?? 0)
  }
}
