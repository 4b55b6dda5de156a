/** Facts by key, each heard by its own listeners: of a thousand nodes only those draw anew that changed. */

export class Facts<T> {
  #values: ReadonlyMap<string, T> = new Map()
  readonly #isEqual: (a: T, b: T) => boolean
  readonly #listeners = new Map<string, Set<() => void>>()

  constructor(isEqual: (a: T, b: T) => boolean) {
    this.#isEqual = isEqual
  }

  get(key: string): T | null {
    return this.#values.get(key) ?? null
  }

  /** Keys that are not among them have no fact any more; equal facts keep their identity. */
  replace(next: ReadonlyMap<string, T>): void {
    const before = this.#values
    const kept = new Map<string, T>()
    const changed = new Set([...before.keys()].filter((key) => !next.has(key)))
    for (const [key, value] of next) {
      const old = before.get(key)
      const isSame = old !== undefined && this.#isEqual(old, value)
      kept.set(key, isSame ? old : value)
      if (!isSame) changed.add(key)
    }
    this.#values = kept
    for (const key of changed) this.#listeners.get(key)?.forEach((listener) => listener())
  }

  subscribe(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(key)
    }
  }
}
