/** A value that can be read and watched: the shape that useSyncExternalStore wants. */

export interface Store<T> {
  get: () => T
  subscribe: (listener: () => void) => () => void
}

/** A store that its owner writes to. Nobody is told when nothing has changed. */
export class ValueStore<T> implements Store<T> {
  #value: T
  readonly #isSame: (a: T, b: T) => boolean
  readonly #listeners = new Set<() => void>()

  constructor(value: T, isSame: (a: T, b: T) => boolean = Object.is) {
    this.#value = value
    this.#isSame = isSame
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0
  }

  // Arrow functions, so that the two can be handed on as they are.
  readonly get = (): T => this.#value

  readonly subscribe = (listener: () => void): (() => void) => {
    // One entry for each subscription, even if two pass the same function.
    const entry = () => listener()
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  set(value: T): void {
    if (this.#isSame(this.#value, value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) listener()
  }
}

/** A part of a store. Keeps its value, and tells nobody, while the part is the same. */
export function selected<T, U>(
  store: Store<T>,
  select: (value: T) => U,
  isSame: (a: U, b: U) => boolean = Object.is
): Store<U> {
  let source = store.get()
  let value = select(source)
  const get = (): U => {
    const now = store.get()
    if (now !== source) {
      source = now
      const next = select(now)
      if (!isSame(value, next)) value = next
    }
    return value
  }
  return {
    get,
    subscribe: (listener) => {
      let seen = get()
      return store.subscribe(() => {
        if (get() === seen) return
        seen = get()
        listener()
      })
    }
  }
}
