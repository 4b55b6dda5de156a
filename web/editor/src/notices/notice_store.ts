/** The notices at the bottom of the screen, and a log of what they said. */

export interface Notice {
  id: number
  title: string
  text?: string
  kind: 'info' | 'warning'
  action?: { label: string; run: () => void }
  /** Stays until it is closed. */
  isLasting?: boolean
  atMs: number
}

const MAX_SHOWN = 3
const MAX_LOGGED = 100

export class NoticeStore {
  #shown: readonly Notice[] = []
  #log: readonly Notice[] = []
  #nextId = 1
  readonly #listeners = new Set<() => void>()

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  readonly shown = (): readonly Notice[] => this.#shown
  /** Newest first. */
  readonly log = (): readonly Notice[] => this.#log

  readonly tell = (notice: Omit<Notice, 'id' | 'atMs'>): void => {
    const told = { ...notice, id: this.#nextId++, atMs: Date.now() }
    const lasting = this.#shown.filter((each) => each.isLasting)
    const passing = this.#shown.filter((each) => !each.isLasting)
    this.#shown = [...lasting, ...passing.slice(1 - MAX_SHOWN), told]
    this.#log = [told, ...this.#log].slice(0, MAX_LOGGED)
    this.#emit()
  }

  readonly close = (id: number): void => {
    this.#shown = this.#shown.filter((each) => each.id !== id)
    this.#emit()
  }

  #emit(): void {
    for (const listener of this.#listeners) listener()
  }
}
