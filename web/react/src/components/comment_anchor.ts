/** Where on the screen a comment belongs: at its node, its edge or its point, wherever these go. */
import type { Comment, Point } from '../types'
import type { CanvasWatch } from './canvas_watch'

export type Anchor = Pick<Comment, 'contextType' | 'contextId' | 'point'>

/** Calls at once, and on every change; null where there is nothing on the canvas to be at. */
export function followAnchor(
  watch: CanvasWatch,
  { contextType, contextId, point }: Anchor,
  listener: (at: Point | null) => void
): () => void {
  let viewport = watch.viewport
  let at: Point | null = point
  const tell = () => {
    const { x, y, zoom } = viewport
    listener(at === null ? null : { x: at.x * zoom + x, y: at.y * zoom + y })
  }
  // A node that is gone leaves its last place.
  const move = (next: Point | null) => {
    at = next ?? point
    tell()
  }
  const stops = [
    watch.watchViewport((next) => {
      viewport = next
      tell()
    })
  ]
  if (contextType === 'node' && contextId !== null) {
    stops.push(
      watch.watchNode(contextId, (rect) =>
        move(rect === null ? null : { x: rect.x + rect.width, y: rect.y })
      )
    )
  }
  if (contextType === 'edge' && contextId !== null) stops.push(watch.watchEdge(contextId, move))
  return () => stops.forEach((stop) => stop())
}
