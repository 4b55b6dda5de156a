/** Drags and resizes: on this screen alone until they end, and then one change of the document. */

import type { NodeChange, NodeDimensionChange, NodePositionChange } from '@xyflow/react'
import type { Point } from '../types'
import type { FlowStore } from './flow_store'

export interface Move {
  position?: Point
  width?: number
  height?: number
}

export class LocalMoves {
  readonly #flow: FlowStore
  /** Nodes whose size has changed, and those that a resize or a drag has moved along. */
  readonly #changed = new Set<string>()
  /** The pointer is still down, and what it does counts no more. */
  #isCancelled = false

  constructor(flow: FlowStore) {
    this.#flow = flow
  }

  /** Show what React Flow tells of, and return what has ended; null: nothing. */
  take(changes: readonly NodeChange[]): Map<string, Move> | null {
    const moved = this.#counted(changes.filter((each) => each.type === 'position'))
    const sized = changes.filter((each) => each.type === 'dimensions')
    const isDrag = moved.some(({ dragging }) => dragging === true)
    const isResize = sized.some(({ resizing }) => resizing === true)
    const ends = sized.map((each) => this.#resize(each, isDrag))
    const dropped: NodePositionChange[] = []
    for (const change of moved) {
      if (change.dragging === true) this.#drag(change)
      // A resize at the left or the top moves the node, and its children against it; a drag, with
      // `expandParent`, the parent and its other children.
      else if (isDrag || isResize) this.#moveAlong(change)
      else dropped.push(change)
    }
    return dropped.length > 0 || ends.includes(true) ? this.#end(dropped) : null
  }

  /** Everything is again where the document has it. Returns whether there was anything. */
  cancel(): boolean {
    const dragged = this.#flow.dragged().map(([id]) => id)
    for (const id of [...dragged, ...this.#changed]) this.#forget(id)
    this.#isCancelled = dragged.length > 0
    const hadAny = dragged.length + this.#changed.size > 0
    this.#changed.clear()
    return hadAny
  }

  /** None of a drag that was cancelled, up to its drop. */
  #counted(moved: readonly NodePositionChange[]): readonly NodePositionChange[] {
    if (!this.#isCancelled || moved.length === 0) return moved
    this.#isCancelled = moved.some(({ dragging }) => dragging === true)
    return []
  }

  #drag({ id, position }: NodePositionChange): void {
    if (position) this.#flow.setLocal(id, { position, dragging: true })
  }

  #moveAlong({ id, position }: NodePositionChange): void {
    this.#changed.add(id)
    if (position) this.#flow.setLocal(id, { position })
  }

  /** True at the end of a resize. */
  #resize(change: NodeDimensionChange, isDrag: boolean): boolean {
    const { id, dimensions, resizing, setAttributes } = change
    if (dimensions !== undefined && setAttributes) {
      const { width, height } = dimensions
      this.#changed.add(id)
      this.#flow.setLocal(id, {
        measured: dimensions,
        resizing: true,
        ...(setAttributes !== 'height' && { width }),
        ...(setAttributes !== 'width' && { height })
      })
    } else if (dimensions !== undefined && resizing === undefined) {
      this.#flow.setLocal(id, { measured: dimensions })
    }
    return resizing === false || (Boolean(setAttributes) && resizing === undefined && !isDrag)
  }

  #end(dropped: readonly NodePositionChange[]): Map<string, Move> {
    const ended = new Map<string, Move>()
    for (const { id, position } of dropped) {
      const place = position ?? this.#flow.localOf(id).position
      this.#flow.setLocal(id, { position: undefined, dragging: undefined })
      if (place !== undefined) ended.set(id, { position: { x: place.x, y: place.y } })
    }
    for (const id of this.#changed) {
      const { width, height, position } = this.#flow.localOf(id)
      this.#forget(id)
      ended.set(id, {
        ...ended.get(id),
        ...(width !== undefined && { width }),
        ...(height !== undefined && { height }),
        ...(position !== undefined && { position: { x: position.x, y: position.y } })
      })
    }
    this.#changed.clear()
    return ended
  }

  #forget(id: string): void {
    const gone = { position: undefined, width: undefined, height: undefined }
    this.#flow.setLocal(id, { ...gone, dragging: undefined, resizing: undefined })
  }
}
