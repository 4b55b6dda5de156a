/** Something asked for again and again, never twice at once, as long as it is wanted. */

/** A connection that comes back at once is not worth asking for. */
const FIRST_AFTER_MS = 1_000

export class Polling {
  readonly #task: () => Promise<unknown>
  readonly #everyMs: number
  #timer: ReturnType<typeof setTimeout> | undefined
  #isOn = false

  constructor(everyMs: number, task: () => Promise<unknown>) {
    this.#everyMs = everyMs
    this.#task = task
  }

  start(): void {
    if (this.#isOn) return
    this.#isOn = true
    this.#schedule(FIRST_AFTER_MS)
  }

  stop(): void {
    this.#isOn = false
    clearTimeout(this.#timer)
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      void this.#task()
        .catch(() => undefined) // Unreachable just now; that is what asking again is for.
        .then(() => {
          if (this.#isOn) this.#schedule(this.#everyMs)
        })
    }, afterMs)
  }
}
