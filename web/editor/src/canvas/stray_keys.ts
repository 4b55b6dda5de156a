/** Whoever types in a field that is taken away, as by others' deletions, goes on for a moment: not with shortcuts. */

/** Who has not typed for so long has seen that the field is gone. */
const PAUSE_MS = 1_500
const FIELDS = 'input, textarea, [contenteditable]'

export class StrayKeys {
  /** The field that has the focus, or had it when it was taken away. */
  #field: Element | null = null
  #lastMs: number | null = null

  /** Until the function that is returned is called. */
  listen(): () => void {
    // Before anybody can stop them.
    window.addEventListener('focusin', this.#enter, true)
    window.addEventListener('input', this.#enter, true)
    window.addEventListener('keydown', this.#finish, true)
    window.addEventListener('pointerdown', this.#press, true)
    return () => {
      window.removeEventListener('focusin', this.#enter, true)
      window.removeEventListener('input', this.#enter, true)
      window.removeEventListener('keydown', this.#finish, true)
      window.removeEventListener('pointerdown', this.#press, true)
    }
  }

  /** Whether a key that nothing has the focus for was meant for a field that is gone. */
  takes({ target, timeStamp, ctrlKey, metaKey }: KeyboardEvent): boolean {
    const isGone = this.#field !== null && !this.#field.isConnected
    if (!isGone || target !== document.body || ctrlKey || metaKey) return false
    if (this.#lastMs !== null && timeStamp - this.#lastMs > PAUSE_MS) {
      this.#keep(null)
      return false
    }
    this.#lastMs = timeStamp
    return true
  }

  #keep(field: Element | null): void {
    this.#field = field
    this.#lastMs = null
  }

  readonly #enter = ({ target }: Event): void => {
    this.#keep(target instanceof Element && target.matches(FIELDS) ? target : null)
  }

  /** A field that goes by such a key is given up by this user. What is typed in it says otherwise. */
  readonly #finish = ({ key, ctrlKey, metaKey }: KeyboardEvent): void => {
    const isSent = key === 'Enter' && this.#field?.isConnected === true
    if (isSent || key === 'Escape' || ctrlKey || metaKey) this.#keep(null)
  }

  readonly #press = ({ target }: Event): void => {
    if (target !== this.#field) this.#keep(null)
  }
}
