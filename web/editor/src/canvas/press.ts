/** Whether a hand is on the screen, and what has to wait until it lets go. */

/** A hand that moves by more drags. */
const STILL_PX = 4

export class Press {
  #start: { x: number; y: number } | null = null
  #isDrag = false
  #waiting: (() => void) | null = null

  /** Until the function that is returned is called. */
  listen(): () => void {
    const ends = ['pointerup', 'pointercancel'] as const
    // Before anybody can stop them.
    window.addEventListener('pointerdown', this.#down, true)
    window.addEventListener('pointermove', this.#move, true)
    for (const end of ends) window.addEventListener(end, this.#up, true)
    return () => {
      window.removeEventListener('pointerdown', this.#down, true)
      window.removeEventListener('pointermove', this.#move, true)
      for (const end of ends) window.removeEventListener(end, this.#up, true)
    }
  }

  /** Acts now, or when the hand lets go; not at all if it drags. The function that is returned calls it off. */
  whenReleased(act: () => void): () => void {
    if (this.#start === null) act()
    else this.#waiting = act
    return () => {
      if (this.#waiting === act) this.#waiting = null
    }
  }

  readonly #down = ({ clientX: x, clientY: y }: PointerEvent): void => {
    this.#start = { x, y }
    this.#isDrag = false
  }

  readonly #move = ({ clientX, clientY }: PointerEvent): void => {
    if (this.#start === null) return
    const { x, y } = this.#start
    if (Math.hypot(clientX - x, clientY - y) > STILL_PX) this.#isDrag = true
  }

  readonly #up = (): void => {
    const act = this.#isDrag ? null : this.#waiting
    this.#start = null
    this.#waiting = null
    act?.()
  }
}
