/** One comment: who, when and what; editing and deleting one's own. */
import { Ellipsis, Pencil, Trash2 } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useState } from 'react'
import { useComments } from '../hooks/use_comments'
import type { Comment } from '../types'
import { Avatar } from './avatar'
import { CommentComposer } from './comment_composer'
import { Confirm } from './confirm'
import { errorText } from './error_text'
import { Notice } from './notice'
import { agoLabel } from './time_labels'
import { useAccess } from './use_access'
import { useAction } from './use_action'
import { useNow } from './use_now'
import { usePersonColor } from './use_person_color'

// The server writes both times in one transaction, and not always in the same millisecond.
const editedAfterMs = 1000

export function CommentView({ comment }: { comment: Comment }) {
  const now = useNow('tenSeconds')
  const color = usePersonColor(comment.userId)
  const { userId, canComment, canManage } = useAccess()
  const { edit, remove } = useComments()
  const [isEditing, setIsEditing] = useState(false)
  const [isAsking, setIsAsking] = useState(false)
  const action = useAction()

  const isOwn = comment.userId === userId
  // The first comment of a thread stays as long as it has replies, without its words.
  const isDeleted = comment.content === ''
  const isEdited =
    !isDeleted && !comment.isResolved && comment.updatedAtMs - comment.createdAtMs > editedAfterMs
  const written = new Date(comment.createdAtMs)

  return (
    <article className="coflow-comment" aria-label={`Comment by ${comment.userName}`}>
      <Avatar person={{ name: comment.userName, color }} size="small" />
      <div className="coflow-comment__body">
        <header className="coflow-comment__head">
          <span className="coflow-comment__name">{isOwn ? 'You' : comment.userName}</span>
          <time
            className="coflow-comment__time"
            dateTime={written.toISOString()}
            title={written.toLocaleString()}
          >
            {agoLabel(comment.createdAtMs, now)}
            {isEdited && ' · edited'}
          </time>
          {!isDeleted && ((isOwn && canComment) || canManage) && (
            <DropdownMenu.Root>
              <DropdownMenu.Trigger
                className="coflow-icon-button coflow-comment__more"
                aria-label="Comment actions"
              >
                <Ellipsis aria-hidden />
              </DropdownMenu.Trigger>
              <DropdownMenu.Portal>
                <DropdownMenu.Content
                  className="coflow-popover coflow-menu"
                  align="end"
                  sideOffset={4}
                >
                  {isOwn && (
                    <DropdownMenu.Item
                      className="coflow-menu__item"
                      onSelect={() => setIsEditing(true)}
                    >
                      <Pencil aria-hidden /> Edit
                    </DropdownMenu.Item>
                  )}
                  <DropdownMenu.Item
                    className="coflow-menu__item coflow-menu__item--danger"
                    onSelect={() => setIsAsking(true)}
                  >
                    <Trash2 aria-hidden /> Delete
                  </DropdownMenu.Item>
                </DropdownMenu.Content>
              </DropdownMenu.Portal>
            </DropdownMenu.Root>
          )}
        </header>
        {isEditing ? (
          <CommentComposer
            label="Edit comment"
            placeholder="Comment"
            action="Save"
            initial={comment.content}
            autoFocus
            onCancel={() => setIsEditing(false)}
            onSubmit={async (content) => {
              await edit(comment.commentId, content)
              setIsEditing(false)
            }}
          />
        ) : (
          <p className="coflow-comment__text" dir="auto" data-deleted={isDeleted || undefined}>
            {isDeleted ? 'Deleted' : comment.content}
          </p>
        )}
        {action.error !== null && (
          <Notice kind="danger" onDismiss={action.dismiss}>
            {errorText(action.error)}
          </Notice>
        )}
      </div>
      <Confirm
        open={isAsking}
        onOpenChange={setIsAsking}
        title="Delete this comment?"
        text="It is gone for everybody, and cannot be brought back."
        action="Delete"
        onConfirm={() => void action.run(() => remove(comment.commentId))}
      />
    </article>
  )
}
