/** A workflow drawn small, read when its card comes into view. */

import type { Rest } from '@coflow/react'
import { useEffect, useRef, useState } from 'react'
import { sketchOf, type Sketch } from './sketch'

interface Props {
  rest: Rest
  workflowId: string
  /** Draws anew when it grows. */
  seq: number
}

const drawn = new Map<string, Sketch>()

export function Thumbnail({ rest, workflowId, seq }: Props) {
  const key = `${workflowId}@${seq}`
  const place = useRef<HTMLDivElement>(null)
  const [read, setRead] = useState<{ key: string; sketch: Sketch } | null>(null)
  const sketch = read?.key === key ? read.sketch : drawn.get(key)

  useEffect(() => {
    const element = place.current
    if (element === null || drawn.has(key)) return
    let isCurrent = true
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return
        observer.disconnect()
        rest.getWorkflow(workflowId).then(
          (workflow) => {
            const made = sketchOf(workflow.nodes, workflow.edges)
            drawn.set(key, made)
            if (isCurrent) setRead({ key, sketch: made })
          },
          // It is an ornament: the card says all that matters without it.
          () => undefined
        )
      },
      { rootMargin: '200px' }
    )
    observer.observe(element)
    return () => {
      isCurrent = false
      observer.disconnect()
    }
  }, [rest, workflowId, key])

  return (
    <div ref={place} className="ed-thumbnail" aria-hidden="true">
      {sketch?.viewBox != null && (
        <svg viewBox={sketch.viewBox} preserveAspectRatio="xMidYMid meet">
          {sketch.lines.map((line, index) => (
            <path key={index} className="ed-thumbnail__line" d={line} />
          ))}
          {sketch.boxes.map((box, index) => (
            <rect key={index} className="ed-thumbnail__box" {...box} rx={12} />
          ))}
        </svg>
      )}
    </div>
  )
}
