/** Comments on the canvas: a pin at each node, edge or point that a thread is about. */
import { Popover } from 'radix-ui'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { createPortal } from 'react-dom'
import { useComments } from '../hooks/use_comments'
import type { Comment, Thread } from '../types'
import type { CanvasWatch } from './canvas_watch'
import { Avatar } from './avatar'
import { followAnchor, type Anchor } from './comment_anchor'
import { CommentComposer } from './comment_composer'
import { Scope, type OptionalScopeProps } from './scope'
import { ThreadView } from './thread_view'
import { useCanvas, type CanvasRef } from './use_canvas'
import { usePeople } from './use_people'
import { absentColor, usePersonColor } from './use_person_color'
import '../styles/controls.css'
import './comment_pins.css'

/** A comment that is about to be written on the canvas. */
export type CommentDraft = Anchor

export interface CommentPinsProps extends OptionalScopeProps {
  /** An element around a React Flow; may be left out inside of one. */
  canvasRef?: CanvasRef | undefined
  /** A pin was clicked. Without it the thread opens beside its pin. */
  onOpenThread?: ((threadId: string) => void) | undefined
  activeThreadId?: string | null | undefined
  showResolved?: boolean
  /** Where a new comment is being written. */
  draft?: CommentDraft | null | undefined
  /** It was written, or given up. */
  onDraftEnd?: (() => void) | undefined
}

export function CommentPins({ workflowId, currentUserId, canvasRef, ...rest }: CommentPinsProps) {
  const { marker, watch } = useCanvas(canvasRef)
  return (
    <>
      {marker}
      {watch !== null && (
        <Scope workflowId={workflowId} currentUserId={currentUserId}>
          <Pins watch={watch} {...rest} />
        </Scope>
      )}
    </>
  )
}

type PinsProps = Omit<CommentPinsProps, keyof OptionalScopeProps | 'canvasRef'> & {
  watch: CanvasWatch
}

function Pins(props: PinsProps) {
  const { watch, onOpenThread, activeThreadId = null, showResolved = false } = props
  const { draft = null, onDraftEnd } = props
  const { threads } = useComments()
  const [openId, setOpenId] = useState<string | null>(null)
  const shown = (threads ?? []).filter(
    ({ root }) => root.contextType !== 'workflow' && (showResolved || !root.isResolved)
  )

  return createPortal(
    <div className="coflow-pins">
      {stacked(shown).map(({ thread, place }) => {
        const { threadId } = thread.root
        return (
          <Placed key={threadId} watch={watch} anchor={thread.root} place={place}>
            {onOpenThread === undefined ? (
              <Popover.Root
                open={threadId === openId}
                onOpenChange={(isOpen) => setOpenId(isOpen ? threadId : null)}
              >
                <Popover.Trigger {...pinProps(thread, threadId === openId)}>
                  <PinFace thread={thread} />
                </Popover.Trigger>
                <Bubble label="Comment thread">
                  <ThreadView thread={thread} isOpen />
                </Bubble>
              </Popover.Root>
            ) : (
              <button
                type="button"
                {...pinProps(thread, threadId === activeThreadId)}
                onClick={() => onOpenThread(threadId)}
              >
                <PinFace thread={thread} />
              </button>
            )}
          </Placed>
        )
      })}
      {draft !== null && (
        <Placed key="draft" watch={watch} anchor={draft} place={0}>
          <Draft draft={draft} onEnd={() => onDraftEnd?.()} />
        </Placed>
      )}
    </div>,
    watch.flow
  )
}

/** Threads on the same node or edge lie beside each other. */
function stacked(threads: readonly Thread[]) {
  const counts = new Map<string, number>()
  return threads.map((thread) => {
    const { contextType, contextId } = thread.root
    if (contextId === null) return { thread, place: 0 }
    const key = `${contextType} ${contextId}`
    const place = counts.get(key) ?? 0
    counts.set(key, place + 1)
    return { thread, place }
  })
}

interface PlacedProps {
  watch: CanvasWatch
  anchor: Anchor
  place: number
  children: ReactNode
}

function Placed({ watch, anchor, place, children }: PlacedProps) {
  const ref = useRef<HTMLDivElement>(null)
  const { contextType, contextId, point } = anchor
  const x = point?.x
  const y = point?.y

  useEffect(() => {
    const element = ref.current
    if (element === null) return
    const last = x === undefined || y === undefined ? null : { x, y }
    return followAnchor(watch, { contextType, contextId, point: last }, (at) => {
      element.hidden = at === null
      if (at === null) return
      element.style.transform = `translate(${at.x + place * 20}px, ${at.y}px)`
    })
  }, [watch, contextType, contextId, x, y, place])

  return (
    <div ref={ref} className="coflow-pins__place" hidden>
      {children}
    </div>
  )
}

function pinProps({ root, replies }: Thread, isActive: boolean) {
  const more = replies.length === 0 ? '' : `, ${replies.length + 1} comments`
  return {
    className: 'coflow-pin',
    'data-active': isActive || undefined,
    'data-resolved': root.isResolved || undefined,
    'aria-label': `Comment by ${root.userName}${more}: ${excerpt(root)}`
  }
}

function PinFace({ thread: { root, replies } }: { thread: Thread }) {
  const color = usePersonColor(root.userId)
  return (
    <>
      <Avatar person={{ name: root.userName, color }} size="small" />
      {replies.length > 0 && <span className="coflow-pin__count">{replies.length + 1}</span>}
    </>
  )
}

function excerpt({ content }: Comment): string {
  const line = content.replace(/\s+/g, ' ').trim()
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}

interface DraftProps {
  draft: CommentDraft
  onEnd: () => void
}

function Draft({ draft, onEnd }: DraftProps) {
  const self = usePeople().find((person) => person.isSelf)
  const { add } = useComments()
  const person = { name: self?.name ?? '', color: self?.color ?? absentColor }
  return (
    <Popover.Root open onOpenChange={(isOpen) => isOpen || onEnd()}>
      <Popover.Anchor className="coflow-pin" data-active>
        <Avatar person={person} size="small" />
      </Popover.Anchor>
      <Bubble label="New comment">
        <div className="coflow-pins__draft">
          <CommentComposer
            label="New comment"
            placeholder="Add a comment…"
            action="Add comment"
            autoFocus
            onCancel={() => onEnd()}
            onSubmit={async (content) => {
              await add({
                content,
                contextType: draft.contextType,
                ...(draft.contextId === null ? {} : { contextId: draft.contextId }),
                ...(draft.point === null ? {} : { point: draft.point })
              })
              onEnd()
            }}
          />
        </div>
      </Bubble>
    </Popover.Root>
  )
}

function Bubble({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Popover.Portal>
      <Popover.Content
        className="coflow-popover coflow-pins__bubble"
        side="right"
        align="start"
        sideOffset={8}
        collisionPadding={8}
        aria-label={label}
      >
        {children}
      </Popover.Content>
    </Popover.Portal>
  )
}
