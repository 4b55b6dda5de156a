/** An entry of the audit as a sentence says it, after the name of who did it. PURE. */

import type { Wire } from '@coflow/react'
import type { NameOf } from './use_names'

const words: Readonly<Record<string, string>> = {
  'workflow.created': 'created the workflow',
  'session.created': 'opened the workflow',
  'session.joined': 'joined',
  'session.left': 'left',
  'session.ended': 'ended the session',
  'session.mode_changed': 'changed who may edit',
  'lock.acquired': 'locked',
  'lock.granted': 'locked',
  'lock.extended': 'extended the lock of',
  'lock.released': 'unlocked',
  'lock.expired': 'A lock expired:',
  'lock.force_released': 'released another’s lock of',
  'share.created': 'made a share link',
  'share.revoked': 'revoked a share link',
  'share.redeemed': 'came by a share link',
  'share.expired': 'A share link expired',
  'comment.added': 'commented',
  'comment.edited': 'edited a comment',
  'comment.deleted': 'deleted a comment',
  'comment.resolved': 'resolved a thread',
  'comment.reopened': 'reopened a thread',
  'member.added': 'added a member',
  'member.removed': 'removed a member',
  'member.role_changed': 'changed a member’s role',
  'turn.granted': 'took the turn',
  'turn.requested': 'asked for the turn',
  'turn.request_dropped': 'asks for the turn no more',
  'turn.passed': 'passed the turn',
  'turn.taken_over': 'took the turn over'
}

export function wordsOfAction(
  item: Pick<Wire<'AuditItem'>, 'action' | 'resource_type' | 'resource_id'>,
  nameOf: NameOf
): string {
  const { action, resource_type, resource_id } = item
  const what = words[action] ?? action.replace(/[._]/g, ' ')
  if (!action.startsWith('lock.')) return what
  if (resource_type === null || resource_type === 'workflow' || resource_id === null) {
    return `${what} the workflow`
  }
  const name = nameOf(resource_type, resource_id)
  if (name !== null) return `${what} “${name}”`
  return `${what} ${resource_type === 'edge' ? 'a deleted connection' : 'a deleted step'}`
}
