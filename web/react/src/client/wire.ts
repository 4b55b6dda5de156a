/** From the server's snake_case JSON, of REST and of events, to the package's types. */

import type { Wire } from '../api/rest'
import type { ServerClock } from '../api/server_clock'
import type { Comment, Lock, Point, Session, Thread, Viewport } from '../types'

export function lockOf(wire: Wire<'Lock'>, clock: ServerClock): Lock {
  return {
    lockId: wire.lock_id,
    resourceType: wire.resource_type,
    resourceId: wire.resource_id,
    lockedBy: wire.locked_by,
    lockedByName: wire.locked_by_name,
    reason: wire.reason,
    expiresAtMs: clock.msOf(wire.expires_at),
    fence: wire.fence
  }
}

export function sessionOf(wire: Wire<'Session'>): Session {
  return {
    sessionId: wire.session_id,
    mode: wire.collaboration_mode,
    maxUsers: wire.max_users,
    turn: turnOf(wire.turn)
  }
}

export function turnOf(turn: Pick<Wire<'Turn'>, 'holder' | 'requests'>): Session['turn'] {
  return {
    holder: turn.holder,
    requests: turn.requests.map((each) => ({ userId: each.user_id, userName: each.user_name }))
  }
}

export function commentOf(wire: Wire<'CommentItem'>, clock: ServerClock): Comment {
  const createdAtMs = clock.msOf(wire.created_at)
  return {
    commentId: wire.comment_id,
    threadId: wire.thread_id,
    parentCommentId: wire.parent_comment_id,
    userId: wire.author,
    userName: wire.author_name,
    content: wire.content ?? '',
    contextType: wire.context_type,
    contextId: wire.context_id,
    point: wire.point,
    anchorExists: wire.anchor_exists ?? true,
    isResolved: wire.resolved,
    createdAtMs,
    updatedAtMs: wire.edited_at === null ? createdAtMs : clock.msOf(wire.edited_at)
  }
}

/** Threads, the oldest first, and so their replies. */
export function threadsOf(comments: readonly Comment[]): Thread[] {
  const sorted = comments.toSorted(
    (a, b) => a.createdAtMs - b.createdAtMs || (a.commentId < b.commentId ? -1 : 1)
  )
  const replies = new Map<string, Comment[]>()
  for (const each of sorted) {
    if (each.commentId === each.threadId) continue
    const others = replies.get(each.threadId)
    if (others === undefined) replies.set(each.threadId, [each])
    else others.push(each)
  }
  return sorted
    .filter((each) => each.commentId === each.threadId)
    .map((root) => ({ root, replies: replies.get(root.commentId) ?? [] }))
}

export function pointOf(value: unknown): Point | null {
  if (typeof value !== 'object' || value === null) return null
  const { x, y } = value as { x?: unknown; y?: unknown }
  return typeof x === 'number' && typeof y === 'number' ? { x, y } : null
}

export function viewportOf(value: unknown): Viewport | null {
  const point = pointOf(value)
  if (point === null) return null
  const { zoom, width, height } = value as Record<string, unknown>
  if (typeof zoom !== 'number') return null
  const isSized = typeof width === 'number' && typeof height === 'number'
  return { ...point, zoom, ...(isSized && { width, height }) }
}
