/** All threads of a workflow, open or resolved, and a place to begin one. */
import { CircleCheck, MessageSquare } from 'lucide-react'
import { AnimatePresence, motion } from 'motion/react'
import { useEffect, useRef, useState } from 'react'
import { useClient } from '../hooks/use_client'
import { useComments } from '../hooks/use_comments'
import { useStore } from '../hooks/use_store'
import type { Thread } from '../types'
import { CommentComposer } from './comment_composer'
import { Refusal } from './refusal'
import { Scope, splitProps, type OptionalScopeProps } from './scope'
import { Segments } from './segments'
import { ThreadView } from './thread_view'
import { useAccess } from './use_access'
import { useEntrance } from './use_entrance'
import '../styles/controls.css'
import './comments.css'

export interface CommentPanelProps extends OptionalScopeProps {
  /** The thread that is unfolded; the panel keeps its own where this is left out. */
  activeThreadId?: string | null | undefined
  onOpenThread?: ((threadId: string | null) => void) | undefined
}

export function CommentPanel(props: CommentPanelProps) {
  const { scope, rest } = splitProps(props)
  return (
    <Scope {...scope}>
      <section className="coflow-card coflow-comments" aria-label="Comments">
        <Threads {...rest} />
      </section>
    </Scope>
  )
}

type Filter = 'open' | 'resolved'
type ThreadsProps = Pick<CommentPanelProps, 'activeThreadId' | 'onOpenThread'>

function Threads({ activeThreadId, onOpenThread }: ThreadsProps) {
  const { threads, add } = useComments()
  const { closed } = useStore(useClient().connection)
  const { canComment } = useAccess()
  const [ownActiveId, setOwnActiveId] = useState<string | null>(null)
  const [chosenFilter, setFilter] = useState<Filter>('open')
  const entrance = useEntrance()
  const listRef = useRef<HTMLUListElement>(null)

  const activeId = activeThreadId === undefined ? ownActiveId : activeThreadId
  const open = (threadId: string | null) => {
    setOwnActiveId(threadId)
    onOpenThread?.(threadId)
  }
  const shown = shownThreads(threads ?? [], chosenFilter)

  useEffect(() => {
    if (activeId === null) return
    const row = listRef.current?.querySelector(`[data-thread-id="${CSS.escape(activeId)}"]`)
    row?.scrollIntoView({ block: 'nearest' })
  }, [activeId])

  return (
    <>
      <header className="coflow-card__head coflow-comments__head">
        <h2 className="coflow-card__title">Comments</h2>
        <Segments<Filter>
          label="Show"
          options={[
            { value: 'open', label: 'Open' },
            { value: 'resolved', label: 'Resolved' }
          ]}
          value={chosenFilter}
          onChange={(filter) => {
            setFilter(filter)
            open(null)
          }}
        />
      </header>
      {threads === null && (closed === null ? <Skeleton /> : <Refusal closed={closed} />)}
      {threads !== null && shown.length === 0 && (
        <div className="coflow-empty">
          {chosenFilter === 'open' ? <MessageSquare aria-hidden /> : <CircleCheck aria-hidden />}
          <strong>{chosenFilter === 'open' ? 'No open comments' : 'Nothing resolved yet'}</strong>
          {chosenFilter === 'open' &&
            canComment &&
            'Write the first one below, or comment on a node.'}
        </div>
      )}
      <ul ref={listRef} className="coflow-comments__threads">
        <AnimatePresence initial={false}>
          {shown.map((thread) => (
            <motion.li
              key={thread.root.threadId}
              data-thread-id={thread.root.threadId}
              {...entrance}
            >
              <ThreadView
                thread={thread}
                isOpen={thread.root.threadId === activeId}
                onOpen={() => open(thread.root.threadId)}
                // Whoever unfolds it by hand is about to write.
                autoFocus={thread.root.threadId === ownActiveId}
              />
            </motion.li>
          ))}
        </AnimatePresence>
      </ul>
      {canComment && (threads !== null || closed === null) && (
        <footer className="coflow-comments__foot">
          <CommentComposer
            label="New comment on the workflow"
            placeholder="Comment on the workflow…"
            action="Add comment"
            onSubmit={async (content) => {
              await add({ content })
              setFilter('open')
            }}
          />
        </footer>
      )}
    </>
  )
}

/** Those last written to come first. */
function shownThreads(threads: readonly Thread[], filter: Filter): readonly Thread[] {
  return threads
    .filter(({ root }) => root.isResolved === (filter === 'resolved'))
    .sort((a, b) => lastMs(b) - lastMs(a))
}

function lastMs({ root, replies }: Thread): number {
  return Math.max(root.createdAtMs, ...replies.map((comment) => comment.createdAtMs))
}

function Skeleton() {
  return (
    <div role="status" aria-label="Loading comments">
      {[180, 132].map((width) => (
        <div key={width} className="coflow-thread">
          <div className="coflow-comment">
            <span
              className="coflow-skeleton"
              style={{ width: 24, height: 24, borderRadius: '50%' }}
            />
            <div className="coflow-comment__body">
              <span
                className="coflow-skeleton"
                style={{ width: 80, height: 12, margin: '4px 0' }}
              />
              <span className="coflow-skeleton" style={{ width, height: 12, margin: '4px 0' }} />
            </div>
          </div>
        </div>
      ))}
    </div>
  )
}
