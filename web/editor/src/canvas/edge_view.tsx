/** Any edge: a curve with an arrow, and its label if it has one. */

import { BaseEdge, getBezierPath, type EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import { textOf } from './node_words'

export const EdgeView = memo(function EdgeView(props: EdgeProps) {
  const [path, labelX, labelY] = getBezierPath(props)
  const { label, data, markerEnd, markerStart, interactionWidth, style } = props
  const words = typeof label === 'string' && label !== '' ? label : textOf(data?.label)
  return (
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
  )
})
