/** Any edge: a curve with an arrow, and its label if it has one. */

import { BaseEdge, getBezierPath, Position, type EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import { labelOf } from './edge_words'

/** Degrees that turn an arrow to the right into one that arrives at this side. */
const angles = {
  [Position.Left]: 0,
  [Position.Top]: 90,
  [Position.Right]: 180,
  [Position.Bottom]: 270
}

export const EdgeView = memo(function EdgeView(props: EdgeProps) {
  const [path, labelX, labelY] = getBezierPath(props)
  const { markerEnd, markerStart, interactionWidth, style } = props
  const words = labelOf(props)
  const arrival = `translate(${props.targetX} ${props.targetY}) rotate(${angles[props.targetPosition]})`
  return (
    <>
      <BaseEdge
        path={path}
        labelX={labelX}
        labelY={labelY}
        label={words === '' ? undefined : words}
        labelBgPadding={[6, 3]}
        labelBgBorderRadius={6}
        {...(markerEnd !== undefined && { markerEnd })}
        {...(markerStart !== undefined && { markerStart })}
        {...(interactionWidth !== undefined && { interactionWidth })}
        {...(style !== undefined && { style })}
      />
      {/* Not a marker, which would have a colour and a thickness of its own. */}
      {markerEnd === undefined && (
        <path className="ed-edge-arrow" d="M-8 -4.5L-1 0L-8 4.5Z" transform={arrival} />
      )}
    </>
  )
})
