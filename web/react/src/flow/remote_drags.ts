/** Where others are dragging nodes to; after the drop, until the document says where they are. */

import type { Participant, Point } from '../types'

/** From the drop to its commit, on a slow day. */
const LINGER_MS = 1_500

interface Drag {
  userId: string
  point: Point
  /** Where the document had it when the drag began: once it says otherwise, the drop has arrived. */
  start: Point | null
  /** The drop has arrived, and its end as a drag is still on the way. */
  isOver: boolean
}

export class RemoteDrags {
  readonly #positionOf: (id: string) => Point | null
  readonly #onChange: (dragged: ReadonlyMap<string, Point>) => void
  #live = new Map<string, Drag>()
  /** Dropped, as far as we see. */
  readonly #lingering = new Map<string, Drag & { timer: ReturnType<typeof setTimeout> }>()

  constructor(
    positionOf: (id: string) => Point | null,
    onChange: (dragged: ReadonlyMap<string, Point>) => void
  ) {
    this.#positionOf = positionOf
    this.#onChange = onChange
  }

  follow(others: readonly Participant[]): void {
    const live = new Map<string, Drag>()
    for (const { userId, dragging } of others) {
      for (const [id, point] of Object.entries(dragging ?? {})) {
        const before = this.#live.get(id)
        if (before !== undefined && (!before.isOver || isSamePoint(before.point, point))) {
          live.set(id, { ...before, userId, point })
        } else {
          live.set(id, { userId, point, start: this.#positionOf(id), isOver: false })
        }
      }
    }
    if (live.size + this.#live.size + this.#lingering.size === 0) return
    for (const [id, drag] of this.#live) if (!live.has(id)) this.#linger(id, drag)
    for (const id of live.keys()) this.#settle(id)
    // Whoever has left drops nothing any more.
    const here = new Set(others.map(({ userId }) => userId))
    const left = [...this.#lingering].filter(([, { userId }]) => !here.has(userId))
    for (const [id] of left) this.#settle(id)
    this.#live = live
    this.#tell()
  }

  /** The document has changed: what has arrived need not linger. */
  documentChanged(): void {
    const arrived = [...this.#lingering].filter(([id, drag]) => this.#hasMoved(id, drag))
    for (const [id] of arrived) this.#settle(id)
    const ended = [...this.#live].filter(([id, drag]) => !drag.isOver && this.#hasMoved(id, drag))
    for (const [id, drag] of ended) this.#live.set(id, { ...drag, isOver: true })
    if (arrived.length + ended.length > 0) this.#tell()
  }

  /** Another document, of which nothing is known yet. */
  clear(): void {
    for (const id of [...this.#lingering.keys()]) this.#settle(id)
    this.#live = new Map()
  }

  #linger(id: string, drag: Drag): void {
    if (drag.isOver || this.#hasMoved(id, drag)) return
    const timer = setTimeout(() => {
      this.#settle(id)
      this.#tell()
    }, LINGER_MS)
    this.#lingering.set(id, { ...drag, timer })
  }

  #hasMoved(id: string, { start }: Drag): boolean {
    return !isSamePoint(this.#positionOf(id), start)
  }

  #settle(id: string): void {
    clearTimeout(this.#lingering.get(id)?.timer)
    this.#lingering.delete(id)
  }

  #tell(): void {
    const dragged = new Map<string, Point>()
    for (const [id, { point, isOver }] of [...this.#live, ...this.#lingering]) {
      if (!isOver) dragged.set(id, point)
    }
    this.#onChange(dragged)
  }
}

function isSamePoint(a: Point | null, b: Point | null): boolean {
  return a?.x === b?.x && a?.y === b?.y
}
