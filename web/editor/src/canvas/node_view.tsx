/** Any node, as a card: a sign, a name, its kind, and as many of its settings as there is room for. */

import { Handle, Position, useUpdateNodeInternals, type NodeProps } from '@xyflow/react'
import { Lock } from 'lucide-react'
import { memo, useEffect, type CSSProperties } from 'react'
import { useBadge, useShape, type Badge } from './node_context'
import { NodeIcon } from './node_icon'
import type { Shape } from './node_shapes'
import { isNote, kindOf, noteOf, rowsOf, titleOf } from './node_words'

const MAX_ROWS = 3
const MAX_ROWS_SIZED = 12
const ROOM_FOR_ROWS = 96
const HANDLE_SPACING = 16

export const NodeView = memo(function NodeView(props: NodeProps) {
  const { id, type, data } = props
  const shape = useShape(id)
  const badge = useBadge(id)
  const updateInternals = useUpdateNodeInternals()
  useEffect(() => updateInternals(id), [id, shape, updateInternals])

  const kind = kindOf(data, type)
  if (isNote(type, data)) {
    return (
      <div className="ed-note" data-sized={shape.isSized || undefined}>
        <p>{noteOf(data) || 'Empty note'}</p>
        {badge !== null && <LockBadge badge={badge} />}
        <Handles shape={shape} isConnectable={props.isConnectable} isQuiet />
      </div>
    )
  }
  const title = titleOf(data, type, id)
  if (shape.isParent || type === 'group') {
    return (
      <div className="ed-group">
        <span className="ed-group__title">{title}</span>
        {badge !== null && <LockBadge badge={badge} />}
        <Handles shape={shape} isConnectable={props.isConnectable} isQuiet={type === 'group'} />
      </div>
    )
  }
  return (
    <div
      className="ed-node"
      data-sized={shape.isSized || undefined}
      style={{ minHeight: minHeightOf(shape) }}
    >
      <div className="ed-node__head">
        <span className="ed-node__icon">
          <NodeIcon kind={`${type ?? ''} ${kind}`} title={title} />
        </span>
        <span className="ed-node__words">
          <span className="ed-node__title">{title}</span>
          {kind !== '' && kind !== title && <span className="ed-node__kind">{kind}</span>}
        </span>
      </div>
      {(!shape.isSized || (props.height ?? 0) >= ROOM_FOR_ROWS) && (
        <Rows data={data} max={shape.isSized ? MAX_ROWS_SIZED : MAX_ROWS} />
      )}
      {badge !== null && <LockBadge badge={badge} />}
      <Handles shape={shape} isConnectable={props.isConnectable} />
    </div>
  )
})

function Rows({ data, max }: { data: NodeProps['data']; max: number }) {
  const rows = rowsOf(data).slice(0, max)
  if (rows.length === 0) return null
  return (
    <dl className="ed-node__rows">
      {rows.map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function LockBadge({ badge }: { badge: Badge }) {
  const color = badge.color ?? 'var(--coflow-muted)'
  return (
    <span
      className="ed-lock-badge"
      style={{ '--ed-person': color } as CSSProperties}
      title={badge.isOwn ? 'Locked by you' : `Locked by ${badge.holder}`}
    >
      <Lock size={10} strokeWidth={2.5} aria-hidden="true" />
      <span>{badge.isOwn ? 'You' : badge.holder}</span>
    </span>
  )
}

interface HandlesProps {
  shape: Shape
  isConnectable: boolean
  /** Only to be seen while one connects to them. */
  isQuiet?: boolean
}

function Handles({ shape, isConnectable, isQuiet = false }: HandlesProps) {
  const side = (ids: Shape['targets'], type: 'source' | 'target') =>
    ids.map((id, index) => (
      <Handle
        key={id ?? ''}
        id={id}
        type={type}
        position={type === 'target' ? Position.Left : Position.Right}
        isConnectable={isConnectable}
        {...(isQuiet && { className: 'ed-handle--quiet' })}
        {...(ids.length > 1 && { style: { top: `${(100 * (index + 1)) / (ids.length + 1)}%` } })}
      />
    ))
  return (
    <>
      {side(shape.targets, 'target')}
      {side(shape.sources, 'source')}
    </>
  )
}

function minHeightOf({ targets, sources, isSized }: Shape): number | undefined {
  const count = Math.max(targets.length, sources.length)
  return isSized || count < 3 ? undefined : (count + 1) * HANDLE_SPACING
}
