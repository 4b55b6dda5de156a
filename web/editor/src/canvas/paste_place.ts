/** Where a copy goes: beside what it is of, or to the middle of the view if nobody would see it there. PURE. */

import type { Rect, XYPosition } from '@xyflow/react'
import type { Graph } from './graph_clipboard'
import { NEW_NODE, onGrid } from './use_place_node'

/** Each copy lies a little lower than the last. */
const STEP = 32

interface Situation {
  /** What one sees of the flow. */
  view: Rect
  /** How often it has been pasted before. */
  times: number
  /** What it is a copy of is there still. */
  isBesideOriginal: boolean
}

/** By how much what is copied moves. */
export function pasteOffset(
  graph: Graph,
  { view, times, isBesideOriginal }: Situation
): XYPosition {
  const step = STEP * (times + (isBesideOriginal ? 1 : 0))
  const box = boxOf(graph)
  const isInSight =
    isHalfWithin(box.x + step, box.width, { from: view.x, length: view.width }) &&
    isHalfWithin(box.y + step, box.height, { from: view.y, length: view.height })
  if (isInSight) return { x: step, y: step }
  const away = STEP * times
  return {
    x: onGrid(view.x + (view.width - box.width) / 2 - box.x) + away,
    y: onGrid(view.y + (view.height - box.height) / 2 - box.y) + away
  }
}

/** Around those that lie in none of the others. */
function boxOf({ nodes }: Graph): Rect {
  const ids = new Set(nodes.map(({ id }) => id))
  const outer = nodes.filter(({ parentId }) => parentId === undefined || !ids.has(parentId))
  const left = Math.min(...outer.map(({ position }) => position.x))
  const top = Math.min(...outer.map(({ position }) => position.y))
  const right = outer.map(({ position, width }) => position.x + (width ?? NEW_NODE.width))
  const bottom = outer.map(({ position, height }) => position.y + (height ?? NEW_NODE.height))
  return { x: left, y: top, width: Math.max(...right) - left, height: Math.max(...bottom) - top }
}

/** Half of it, or, if it is longer than the view, half of the view full of it. */
function isHalfWithin(start: number, length: number, view: { from: number; length: number }) {
  const seen = Math.min(start + length, view.from + view.length) - Math.max(start, view.from)
  return seen >= Math.min(length, view.length) / 2
}
