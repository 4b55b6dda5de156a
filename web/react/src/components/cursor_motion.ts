/** Moves cursors smoothly between the places that arrive, without React: one spring each, one frame for all. */
import type { Participant, Point, Viewport } from '../types'

export const hideAfterMs = 10_000

/** Per second. Places come every 50 ms; this spring is stiff enough to keep up and soft enough not to stop between. */
const stiffness = 24
const maxTiltDeg = 14

interface Moving {
  element: HTMLElement | null
  target: Point | null
  at: Point
  velocity: Point
  movedAtMs: number
  isShown: boolean
  written: string
}

/** One step of a critically damped spring, exact for any `dtS`. */
export function springStep(
  at: number,
  velocity: number,
  target: number,
  dtS: number
): { at: number; velocity: number } {
  const distance = at - target
  const push = (velocity + stiffness * distance) * dtS
  const decay = Math.exp(-stiffness * dtS)
  return { at: target + (distance + push) * decay, velocity: (velocity - stiffness * push) * decay }
}

/** Between the screen's pixels the name would be blurred. */
function wholePixels(length: number): number {
  return Math.round(length * window.devicePixelRatio) / window.devicePixelRatio
}

export class CursorMotion {
  readonly #cursors = new Map<string, Moving>()
  readonly #reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)')
  #viewport: Viewport = { x: 0, y: 0, zoom: 1 }
  #frame: number | null = null
  #lastFrameMs: number | null = null
  #hideTimer: ReturnType<typeof setTimeout> | undefined

  /** Where a cursor is drawn, or null when it is drawn no more. */
  place(userId: string, element: HTMLElement | null): void {
    const cursor = this.#cursorOf(userId)
    cursor.element = element
    cursor.written = ''
    if (element !== null) this.#write(cursor)
  }

  /** What has arrived from the others. Whoever is not named any more is hidden. */
  aim(people: readonly Participant[]): void {
    const present = new Set<string>()
    for (const person of people) {
      if (person.isSelf) continue
      present.add(person.userId)
      this.#aim(this.#cursorOf(person.userId), person)
    }
    for (const [userId, cursor] of this.#cursors) {
      if (present.has(userId)) continue
      cursor.target = null
      if (cursor.element === null) this.#cursors.delete(userId)
    }
    this.#hideIdle()
    this.#wake()
  }

  /** The viewer's own pan and zoom, which cursors follow without a spring. */
  look(viewport: Viewport): void {
    this.#viewport = viewport
    for (const cursor of this.#cursors.values()) this.#write(cursor)
  }

  /** Until it is aimed again. React 18 mounts twice in development, and gives the elements but once: they are kept. */
  stop(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame)
    this.#frame = null
    clearTimeout(this.#hideTimer)
  }

  #cursorOf(userId: string): Moving {
    let cursor = this.#cursors.get(userId)
    if (cursor === undefined) {
      cursor = {
        element: null,
        target: null,
        at: { x: 0, y: 0 },
        velocity: { x: 0, y: 0 },
        movedAtMs: -Infinity,
        isShown: false,
        written: ''
      }
      this.#cursors.set(userId, cursor)
    }
    return cursor
  }

  #aim(cursor: Moving, person: Participant): void {
    const { target } = cursor
    const next = person.cursor
    if (target?.x === next?.x && target?.y === next?.y) return
    cursor.target = next
    if (next === null) return
    // The first place known of somebody may be an old one.
    cursor.movedAtMs = target === null ? person.lastActiveMs : Date.now()
    if (!cursor.isShown || this.#reducedMotion.matches) {
      cursor.at = { ...next }
      cursor.velocity = { x: 0, y: 0 }
    }
  }

  #hideIdle(): void {
    clearTimeout(this.#hideTimer)
    const now = Date.now()
    let nextMs = Infinity
    for (const cursor of this.#cursors.values()) {
      const leftMs = cursor.movedAtMs + hideAfterMs - now
      cursor.isShown = cursor.target !== null && leftMs > 0
      if (cursor.isShown) nextMs = Math.min(nextMs, leftMs)
      if (cursor.element !== null) cursor.element.dataset.shown = String(cursor.isShown)
    }
    if (nextMs < Infinity) this.#hideTimer = setTimeout(() => this.#hideIdle(), nextMs + 1)
  }

  #wake(): void {
    if (this.#frame !== null) return
    this.#lastFrameMs = null
    this.#frame = requestAnimationFrame(this.#step)
  }

  readonly #step = (nowMs: number): void => {
    // A first frame has no past, and after a hidden tab's pause there is nothing to catch up with.
    const dtS = Math.min((nowMs - (this.#lastFrameMs ?? nowMs - 16)) / 1000, 0.064)
    this.#lastFrameMs = nowMs
    let isMoving = false
    for (const cursor of this.#cursors.values()) {
      if (cursor.target === null) continue
      isMoving = this.#move(cursor, cursor.target, dtS) || isMoving
      this.#write(cursor)
    }
    this.#frame = isMoving ? requestAnimationFrame(this.#step) : null
  }

  #move(cursor: Moving, target: Point, dtS: number): boolean {
    const x = springStep(cursor.at.x, cursor.velocity.x, target.x, dtS)
    const y = springStep(cursor.at.y, cursor.velocity.y, target.y, dtS)
    cursor.at = { x: x.at, y: y.at }
    cursor.velocity = { x: x.velocity, y: y.velocity }
    const isFar = Math.hypot(x.at - target.x, y.at - target.y) * this.#viewport.zoom > 0.1
    const isFast = Math.hypot(x.velocity, y.velocity) * this.#viewport.zoom > 1
    if (isFar || isFast) return true
    cursor.at = { ...target }
    cursor.velocity = { x: 0, y: 0 }
    return false
  }

  #write(cursor: Moving): void {
    if (cursor.element === null) return
    const { x, y, zoom } = this.#viewport
    const left = wholePixels(cursor.at.x * zoom + x)
    const top = wholePixels(cursor.at.y * zoom + y)
    const tilt = Math.max(-1, Math.min(1, (cursor.velocity.x * zoom) / 1500)) * maxTiltDeg
    const written = `${left} ${top} ${tilt.toFixed(0)}`
    if (written === cursor.written) return
    cursor.written = written
    cursor.element.style.transform = `translate3d(${left}px, ${top}px, 0)`
    cursor.element.dataset.shown = String(cursor.isShown)
    const arrow = cursor.element.firstElementChild
    if (arrow instanceof SVGElement) arrow.style.rotate = `${tilt.toFixed(0)}deg`
  }
}
