/** Where a comment belongs: at its node, its edge or its point, wherever these go. */
import type { Comment, Point } from '../types'
import type { CanvasWatch } from './canvas_watch'

export type Anchor = Pick<Comment, 'contextType' | 'contextId' | 'point'>

type Listener = (at: Point | null) => void
type Stop = () => void

/** On the screen. Calls at once, and on every change; null where there is nothing on the canvas to be at. */
export function followAnchor(watch: CanvasWatch, anchor: Anchor, listener: Listener): Stop {
  let viewport = watch.viewport
  let place: Point | null = null
  const tell = () => {
    const { x, y, zoom } = viewport
    listener(place === null ? null : { x: place.x * zoom + x, y: place.y * zoom + y })
  }
  const stops = [
    followPlace(watch, anchor, (next) => {
      place = next
      tell()
    }),
    watch.watchViewport((next) => {
      viewport = next
      tell()
    })
  ]
  return () => stops.forEach((stop) => stop())
}

/** In flow coordinates: at once, and on every change. */
export function followPlace(
  watch: CanvasWatch,
  { contextType, contextId, point }: Anchor,
  listener: Listener
): Stop {
  let last: Point | null = point
  // A node that is gone leaves its last place.
  const move = (next: Point | null) => {
    last = next ?? last
    listener(last)
  }
  if (contextType === 'edge' && contextId !== null) return watch.watchEdge(contextId, move)
  if (contextType === 'node' && contextId !== null) {
    return watch.watchNode(contextId, (rect) =>
      move(rect === null ? null : { x: rect.x + rect.width, y: rect.y })
    )
  }
  listener(point)
  return () => undefined
}
