/** An outline around a node that somebody else has selected, with that person's name on the last of them. */
import { useEffect, useRef } from 'react'
import type { CanvasWatch, Rect } from './canvas_watch'
import { personStyle } from './person_color'

export interface NodeOutlineProps {
  watch: CanvasWatch
  nodeId: string
  /** Null for those of a selection that are not the last. */
  name: string | null
  color: string
  /** How many others have selected the node too and come first: their outlines lie inside. */
  ring: number
  /** How many have selected it in all. */
  rings: number
}

export function NodeOutline({ watch, nodeId, name, color, ring, rings }: NodeOutlineProps) {
  const ref = useRef<HTMLDivElement>(null)

  useEffect(() => {
    const element = ref.current
    if (element === null) return
    let rect: Rect | null = null
    let { x, y, zoom } = watch.viewport
    const gap = 2 + ring * 4
    const place = () => {
      element.hidden = rect === null || rect.width === 0
      if (rect === null) return
      element.style.transform = `translate(${rect.x * zoom + x - gap}px, ${rect.y * zoom + y - gap}px)`
      element.style.width = `${rect.width * zoom + 2 * gap}px`
      element.style.height = `${rect.height * zoom + 2 * gap}px`
    }
    const stopNode = watch.watchNode(nodeId, (next) => {
      rect = next
      place()
    })
    const stopViewport = watch.watchViewport((viewport) => {
      ;({ x, y, zoom } = viewport)
      place()
    })
    return () => {
      stopNode()
      stopViewport()
    }
  }, [watch, nodeId, ring])

  return (
    <div ref={ref} className="coflow-outline" style={personStyle(color)} data-ring={ring} hidden>
      {name !== null && (
        <span className="coflow-outline__name" style={namePlace(ring, rings)}>
          {name}
        </span>
      )}
    </div>
  )
}

/** Names lie above the outermost outline, one upon the other. */
function namePlace(ring: number, rings: number) {
  const inset = (rings - 1 - ring) * 4
  return { marginBottom: 2 + inset + ring * 18, insetInlineStart: -inset }
}
