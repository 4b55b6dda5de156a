/** A thread: what it is about, its comments, and replying, resolving and reopening. */
import { CircleCheck, RotateCcw } from 'lucide-react'
import { useClient } from '../hooks/use_client'
import { useComments } from '../hooks/use_comments'
import { useStore } from '../hooks/use_store'
import type { Thread } from '../types'
import { CommentComposer } from './comment_composer'
import { CommentView } from './comment_view'
import { errorText } from './error_text'
import { IconButton } from './icon_button'
import { Notice } from './notice'
import { resourceName } from './resource_names'
import { useAccess } from './use_access'
import { useAction } from './use_action'
import { useIsAnchorThere } from './use_is_anchor_there'
import '../styles/controls.css'
import './comments.css'

export interface ThreadViewProps {
  thread: Thread
  /** Replies and the composer too, or only how many replies there are. */
  isOpen: boolean
  onOpen?: (() => void) | undefined
  autoFocus?: boolean | undefined
}

export function ThreadView({ thread, isOpen, onOpen, autoFocus = false }: ThreadViewProps) {
  const { root, replies } = thread
  const { canComment } = useAccess()
  const { reply, resolve, reopen } = useComments()
  const action = useAction()
  const context = useContextName(thread)
  const mayReply = canComment && !root.isResolved

  return (
    <div className="coflow-thread" data-open={isOpen || undefined}>
      <header className="coflow-thread__head">
        <span className="coflow-thread__context">{context}</span>
        {canComment && (
          <IconButton
            isSmall
            label={root.isResolved ? 'Reopen' : 'Resolve'}
            icon={root.isResolved ? <RotateCcw aria-hidden /> : <CircleCheck aria-hidden />}
            disabled={action.isBusy}
            onClick={() =>
              void action.run(() => (root.isResolved ? reopen : resolve)(root.threadId))
            }
          />
        )}
      </header>
      {action.error !== null && (
        <Notice kind="danger" onDismiss={action.dismiss}>
          {errorText(action.error)}
        </Notice>
      )}
      <CommentView comment={root} />
      {isOpen ? (
        <>
          {replies.map((comment) => (
            <CommentView key={comment.commentId} comment={comment} />
          ))}
          {mayReply && (
            <CommentComposer
              label="Reply"
              placeholder="Reply…"
              action="Send reply"
              autoFocus={autoFocus}
              onSubmit={(content) => reply(root.threadId, content)}
            />
          )}
        </>
      ) : (
        onOpen !== undefined &&
        (replies.length > 0 || mayReply) && (
          <button type="button" className="coflow-thread__more coflow-focusable" onClick={onOpen}>
            {repliesLabel(replies.length)}
          </button>
        )
      )}
    </div>
  )
}

const deletedNames = { node: 'Deleted step', edge: 'Deleted connection' }

function useContextName({ root }: Thread): string {
  const client = useClient()
  const doc = useStore(client.document)
  const isThere = useIsAnchorThere(root)
  const { contextType, contextId } = root
  if (contextType === 'workflow') return 'Workflow'
  if (contextType === 'canvas' || contextId === null) return 'Canvas'
  return isThere ? resourceName(doc, contextType, contextId) : deletedNames[contextType]
}

function repliesLabel(count: number): string {
  if (count === 0) return 'Reply'
  return count === 1 ? '1 reply' : `${count} replies`
}
