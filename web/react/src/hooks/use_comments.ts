/** The threads of the workflow, and how to add to them. */

import { useMemo } from 'react'
import type { CoflowClient } from '../client/coflow_client'
import type { Comment, Point, Thread } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

export interface NewThread {
  content: string
  /** What it is about; the workflow when left out. */
  contextType?: Comment['contextType'] | undefined
  contextId?: string | undefined
  /** Needed on the canvas. */
  point?: Point | undefined
}

/** The promises reject with ApiError. */
export interface Comments {
  /** Null until they are there. */
  threads: readonly Thread[] | null
  add: (thread: NewThread) => Promise<void>
  reply: (threadId: string, content: string) => Promise<void>
  edit: (commentId: string, content: string) => Promise<void>
  remove: (commentId: string) => Promise<void>
  resolve: (threadId: string) => Promise<void>
  reopen: (threadId: string) => Promise<void>
}

export function useComments(): Comments {
  const client = useClient()
  const threads = useStore(client.comments)
  const actions = useMemo(() => actionsOf(client), [client])
  return useMemo(() => ({ threads, ...actions }), [threads, actions])
}

function actionsOf(client: CoflowClient): Omit<Comments, 'threads'> {
  const { rest } = client
  const { workflowId } = client.options
  const done = async (change: Promise<unknown>) => {
    await change
    await client.reloadComments()
  }
  return {
    add: ({ content, contextType, contextId, point }) =>
      done(
        rest.addComment({
          workflow_id: workflowId,
          content,
          ...(contextType !== undefined && { context_type: contextType }),
          ...(contextId !== undefined && { context_id: contextId }),
          ...(point !== undefined && { point: { x: point.x, y: point.y } })
        })
      ),
    reply: (threadId, content) =>
      done(rest.addComment({ workflow_id: workflowId, content, parent_comment_id: threadId })),
    edit: (commentId, content) => done(rest.editComment(commentId, content)),
    remove: (commentId) => done(rest.deleteComment(commentId)),
    resolve: (threadId) => done(rest.resolveThread(threadId)),
    reopen: (threadId) => done(rest.reopenThread(threadId))
  }
}
