/** Comments on the canvas: a pin at each node, edge or point that a thread is about. */
import { Popover } from 'radix-ui'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { createPortal } from 'react-dom'
import { useComments } from '../hooks/use_comments'
import type { Comment, Point, Thread } from '../types'
import type { CanvasWatch } from './canvas_watch'
import { Avatar } from './avatar'
import { followAnchor, followPlace, type Anchor } from './comment_anchor'
import { CommentComposer } from './comment_composer'
import { Confirm } from './confirm'
import { Scope, splitProps, type OptionalScopeProps } from './scope'
import { ThreadView } from './thread_view'
import { useCanvas, type CanvasRef } from './use_canvas'
import { useIsAnchorThere } from './use_is_anchor_there'
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
  showResolved?: boolean | undefined
  /** Where a new comment is being written. */
  draft?: CommentDraft | null | undefined
  /** It was written, or given up. */
  onDraftEnd?: (() => void) | undefined
}

export function CommentPins({ canvasRef, ...props }: CommentPinsProps) {
  const { scope, rest } = splitProps(props)
  const { marker, watch } = useCanvas(canvasRef)
  return (
    <>
      {marker}
      {watch !== null && (
        <Scope {...scope}>
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
      {groupsOf(shown).map(({ key, anchor, threads: group }) => (
        <Placed key={key} watch={watch} anchor={anchor}>
          {group.map((thread) => (
            <Pin
              key={thread.root.threadId}
              thread={thread}
              activeThreadId={onOpenThread === undefined ? openId : activeThreadId}
              onOpenThread={onOpenThread}
              onToggle={setOpenId}
            />
          ))}
        </Placed>
      ))}
      {draft !== null && (
        <Placed key="draft" watch={watch} anchor={draft}>
          <Draft watch={watch} draft={draft} onEnd={() => onDraftEnd?.()} />
        </Placed>
      )}
    </div>,
    watch.flow
  )
}

interface Group {
  key: string
  anchor: Anchor
  threads: readonly Thread[]
}

/** Threads on the same node or edge lie side by side. */
function groupsOf(threads: readonly Thread[]): readonly Group[] {
  const groups = new Map<string, { key: string; anchor: Anchor; threads: Thread[] }>()
  for (const thread of threads) {
    const { threadId, contextType, contextId } = thread.root
    const key = contextId === null ? threadId : `${contextType} ${contextId}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { key, anchor: thread.root, threads: [thread] })
    else group.threads.push(thread)
  }
  return [...groups.values()]
}

interface PlacedProps {
  watch: CanvasWatch
  anchor: Anchor
  children: ReactNode
}

function Placed({ watch, anchor, children }: PlacedProps) {
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
      element.style.transform = `translate(${at.x}px, ${at.y}px)`
    })
  }, [watch, contextType, contextId, x, y])

  return (
    <div ref={ref} className="coflow-pins__place" hidden>
      <div className="coflow-pins__row">{children}</div>
    </div>
  )
}

interface PinProps {
  thread: Thread
  activeThreadId: string | null
  onOpenThread: ((threadId: string) => void) | undefined
  onToggle: (threadId: string | null) => void
}

function Pin({ thread, activeThreadId, onOpenThread, onToggle }: PinProps) {
  const { root, replies } = thread
  const { threadId } = root
  const color = usePersonColor(root.userId)
  const isActive = threadId === activeThreadId
  const isThere = useIsAnchorThere(root)
  const more = replies.length === 0 ? '' : `, ${replies.length + 1} comments`
  const shared = {
    className: 'coflow-pin',
    'data-active': isActive || undefined,
    'data-resolved': root.isResolved || undefined,
    'data-gone': !isThere || undefined,
    'aria-label': `Comment by ${root.userName}${more}: ${excerpt(root)}`
  }
  const face = (
    <>
      <Avatar person={{ name: root.userName, color }} size="small" />
      {replies.length > 0 && <span className="coflow-pin__count">{replies.length + 1}</span>}
    </>
  )
  if (onOpenThread !== undefined) {
    return (
      <button type="button" {...shared} onClick={() => onOpenThread(threadId)}>
        {face}
      </button>
    )
  }
  return (
    <Popover.Root open={isActive} onOpenChange={(isOpen) => onToggle(isOpen ? threadId : null)}>
      <Popover.Trigger {...shared}>{face}</Popover.Trigger>
      <Bubble label="Comment thread">
        <ThreadView thread={thread} isOpen />
      </Bubble>
    </Popover.Root>
  )
}

function excerpt({ content }: Comment): string {
  const line = content.replace(/\s+/g, ' ').trim()
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}

interface DraftProps {
  watch: CanvasWatch
  draft: CommentDraft
  onEnd: () => void
}

function Draft({ watch, draft, onEnd }: DraftProps) {
  const self = usePeople().find((person) => person.isSelf)
  const { add } = useComments()
  const [opener] = useState(() => document.activeElement)
  const person = { name: self?.name ?? '', color: self?.color ?? absentColor }
  // For a node that is deleted while one writes: the server no longer knows where it was.
  const place = useRef<Point | null>(null)
  useEffect(() => followPlace(watch, draft, (at) => (place.current = at)), [watch, draft])
  const written = useRef('')
  const box = useRef<HTMLDivElement>(null)
  const [isAsking, setAsking] = useState(false)
  const giveUp = () => {
    if (written.current.trim() === '') onEnd()
    else setAsking(true)
  }
  return (
    <Popover.Root open onOpenChange={(isOpen) => isOpen || giveUp()}>
      <Popover.Anchor className="coflow-pin" data-active>
        <Avatar person={person} size="small" />
      </Popover.Anchor>
      <Bubble label="New comment" opener={opener}>
        <div ref={box} className="coflow-pins__draft">
          <CommentComposer
            label="New comment"
            placeholder="Add a comment…"
            action="Add comment"
            autoFocus
            onCancel={giveUp}
            onChange={(content) => (written.current = content)}
            onSubmit={async (content) => {
              await add({
                content,
                contextType: draft.contextType,
                ...(draft.contextId === null ? {} : { contextId: draft.contextId }),
                ...(place.current === null ? {} : { point: place.current })
              })
              onEnd()
            }}
          />
        </div>
      </Bubble>
      <Confirm
        open={isAsking}
        onOpenChange={setAsking}
        title="Discard this comment?"
        text="It has not been sent."
        action="Discard"
        onConfirm={() => onEnd()}
        // The click that asked has taken it from the field.
        onReturn={() => box.current?.querySelector('textarea')?.focus()}
      />
    </Popover.Root>
  )
}

interface BubbleProps {
  label: string
  /** What gets the focus afterwards; the trigger when left out. */
  opener?: Element | null
  children: ReactNode
}

function Bubble({ label, opener, children }: BubbleProps) {
  return (
    <Popover.Portal>
      <Popover.Content
        className="coflow-popover coflow-pins__bubble"
        side="right"
        align="start"
        sideOffset={8}
        collisionPadding={8}
        aria-label={label}
        onCloseAutoFocus={(event) => {
          if (opener === undefined) return
          event.preventDefault()
          // Unless a hand has taken the focus elsewhere.
          const isLost = document.activeElement === document.body
          if (isLost && (opener instanceof HTMLElement || opener instanceof SVGElement)) {
            opener.focus()
          }
        }}
        onOpenAutoFocus={(event) => {
          // To write is what one opens it for.
          const field = (event.target as HTMLElement).querySelector('textarea')
          if (field === null) return
          event.preventDefault()
          field.focus()
        }}
      >
        {children}
      </Popover.Content>
    </Popover.Portal>
  )
}
