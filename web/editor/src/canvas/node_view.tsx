/** Any node, as a card: a sign, a name, its kind, and as many of its settings as there is room for. */

import { Handle, Position, useUpdateNodeInternals, type NodeProps } from '@xyflow/react'
import { Lock } from 'lucide-react'
import { memo, useEffect, useRef, type CSSProperties } from 'react'
import { useBadge, useShape, type Badge } from './node_context'
import { NodeIcon } from './node_icon'
import type { Shape } from './node_shapes'
import { anchorLabelsOf, isNote, kindOf, noteOf, rowsOf, titleOf } from './node_words'

const MAX_ROWS = 3
const MAX_ROWS_SIZED = 16
/** Below that a node has room for its head alone. */
const ROOM_FOR_BODY = 112
/** No wider than that there is no place for the sign. */
const NARROW = 128
const HANDLE_SPACING = 16
/** Longer values are put below their labels, where there is room. */
const LONG_CHARS = 28

export const NodeView = memo(function NodeView(props: NodeProps) {
  const { id, type, data } = props
  const shape = useShape(id)
  const badge = useBadge(id)
  const updateInternals = useUpdateNodeInternals()
  // React Flow measures a node's first handles by itself; later ones it has to be told of.
  const measured = useRef(shape)
  useEffect(() => {
    if (measured.current === shape) return
    measured.current = shape
    updateInternals(id)
  }, [id, shape, updateInternals])

  const kind = kindOf(data, type)
  if (isNote(type, data)) {
    return (
      <div className="ed-note" data-sized={shape.width !== null || undefined}>
        <p dir="auto">{noteOf(data) || 'Empty note'}</p>
        {badge !== null && <LockBadge badge={badge} />}
        <Handles shape={shape} isConnectable={props.isConnectable} isQuiet />
      </div>
    )
  }
  const title = titleOf(data, type, id)
  if (shape.isParent || type === 'group') {
    return (
      <div className="ed-group">
        <span className="ed-group__title" dir="auto">
          {title}
        </span>
        {badge !== null && <LockBadge badge={badge} />}
        <Handles shape={shape} isConnectable={props.isConnectable} isQuiet={type === 'group'} />
      </div>
    )
  }
  const { width, height } = shape
  const hasRoom = height === null || height >= ROOM_FOR_BODY
  const labels = anchorLabelsOf(data)
  const hasPorts = hasRoom && labels.size > 0 && shape.targets.length + shape.sources.length > 2
  return (
    <div
      className="ed-node"
      data-sized={width !== null || undefined}
      data-narrow={(width !== null && width < NARROW) || undefined}
      style={{
        minHeight: hasPorts ? undefined : minHeightOf(shape),
        maxHeight: height ?? undefined
      }}
    >
      <div className="ed-node__head">
        <span className="ed-node__icon">
          <NodeIcon kind={`${type ?? ''} ${kind}`} title={title} />
        </span>
        <span className="ed-node__words">
          <span className="ed-node__title" dir="auto">
            {title}
          </span>
          {kind !== '' && kind !== title && <span className="ed-node__kind">{kind}</span>}
        </span>
      </div>
      {hasPorts && <Ports shape={shape} labels={labels} isConnectable={props.isConnectable} />}
      {hasRoom && <Rows data={data} isRoomy={height !== null} />}
      {badge !== null && <LockBadge badge={badge} />}
      {!hasPorts && <Handles shape={shape} isConnectable={props.isConnectable} />}
    </div>
  )
})

function Rows({ data, isRoomy }: { data: NodeProps['data']; isRoomy: boolean }) {
  const rows = rowsOf(data).slice(0, isRoomy ? MAX_ROWS_SIZED : MAX_ROWS)
  if (rows.length === 0) return null
  return (
    <dl className="ed-node__rows">
      {rows.map(({ label, value }) => (
        <div key={label} data-long={(isRoomy && value.length > LONG_CHARS) || undefined}>
          <dt>{label}</dt>
          <dd dir="auto">{value}</dd>
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

interface PortsProps {
  shape: Shape
  labels: ReadonlyMap<string, string>
  isConnectable: boolean
}

/** Handles with their names, a line for each. */
function Ports({ shape, labels, isConnectable }: PortsProps) {
  const { targets, sources } = shape
  const port = (id: string | null | undefined, type: 'source' | 'target') =>
    id !== undefined && (
      <>
        <span className={`ed-port ed-port--${type}`}>{id === null ? '' : labels.get(id)}</span>
        <Handle
          id={id}
          type={type}
          position={type === 'target' ? Position.Left : Position.Right}
          isConnectable={isConnectable}
        />
      </>
    )
  return (
    <div className="ed-ports">
      {Array.from({ length: Math.max(targets.length, sources.length) }, (_, index) => (
        <div key={index} className="ed-ports__line">
          {port(targets[index], 'target')}
          {port(sources[index], 'source')}
        </div>
      ))}
    </div>
  )
}

function minHeightOf({ targets, sources, height }: Shape): number | undefined {
  const count = Math.max(targets.length, sources.length)
  return count < 3 ? undefined : Math.min((count + 1) * HANDLE_SPACING, height ?? Infinity)
}
