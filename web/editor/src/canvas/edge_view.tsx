/** Any edge: a curve with an arrow, and its label if it has one. */

import { BaseEdge, getBezierPath, Position, type EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import { textOf } from './node_words'

/** From the middle of a handle to its rim. */
const HANDLE = 5
const directions = {
  [Position.Left]: { x: -1, y: 0, angle: 0 },
  [Position.Right]: { x: 1, y: 0, angle: 180 },
  [Position.Top]: { x: 0, y: -1, angle: 90 },
  [Position.Bottom]: { x: 0, y: 1, angle: 270 }
}

export const EdgeView = memo(function EdgeView(props: EdgeProps) {
  const [path, labelX, labelY] = getBezierPath(props)
  const { label, data, markerEnd, markerStart, interactionWidth, style } = props
  const words = typeof label === 'string' && label !== '' ? label : textOf(data?.label)
  const { x, y, angle } = directions[props.targetPosition]
  const [tipX, tipY] = [props.targetX + x * HANDLE, props.targetY + y * HANDLE]
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
        <path
          className="ed-edge-arrow"
          d="M-8 -4.5L0 0L-8 4.5Z"
          transform={`translate(${tipX} ${tipY}) rotate(${angle})`}
        />
      )}
    </>
  )
})
