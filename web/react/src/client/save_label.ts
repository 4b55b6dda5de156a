/** The state of one's work, in a few words. */

import type { ConnectionState, Resource, Reverted } from '../types'

/** How people call what a rule protected, and who protects it. */
export interface Names {
  /** The label of a node, edge or workflow; its id when left out or undefined. */
  resource?: ((resource: Resource) => string | undefined) | undefined
  /** A person's name by user id. */
  person?: ((userId: string) => string | undefined) | undefined
}

export function saveLabel(state: ConnectionState, names: Names = {}): string {
  const { status, isLoaded, unsavedChanges, isStored, isStoring, closed, reverted } = state
  if (status === 'closed') return closed?.message ?? 'Disconnected'
  if (reverted !== null) return revertedLabel(reverted, names)
  if (status === 'offline') {
    if (closed !== null && unsavedChanges === 0) return closed.message
    if (unsavedChanges === 0) return isLoaded ? 'Offline' : 'Offline – waiting for the server'
    if (!isStored) return `Offline – ${changes(unsavedChanges)} not saved yet`
    if (isStoring) return `Offline – keeping ${changes(unsavedChanges)} on this device…`
    return `Offline – ${changes(unsavedChanges)} kept on this device`
  }
  if (!isLoaded) return 'Loading…'
  if (unsavedChanges > 0) return status === 'connected' ? 'Saving…' : 'Connecting…'
  return status === 'connected' ? 'All changes saved' : 'Connecting…'
}

/** “Reverted: another editor holds the lock on ‘Send e-mail’”. */
export function revertedLabel(reverted: Reverted, names: Names = {}): string {
  return `Reverted: ${reasonOf(reverted, names)}`
}

function reasonOf({ reason, holder, resources }: Reverted, names: Names): string {
  const [first] = resources
  const what =
    first === undefined || first.type === 'workflow'
      ? 'this workflow'
      : `‘${names.resource?.(first) ?? first.id}’`
  const others = resources.length > 1 ? ` and ${resources.length - 1} more` : ''
  const person = holder === null ? undefined : names.person?.(holder)
  switch (reason) {
    case 'locked':
      return `${person ?? 'another editor'} holds the lock on ${what}${others}`
    case 'not_your_turn':
      return holder === null
        ? 'it is nobody’s turn; ask for it to edit'
        : `it is ${person === undefined ? 'somebody else' : person}’s turn to edit`
    case 'lock_required':
      return `lock ${what}${others} before you edit`
    case 'permission_denied':
      return 'you may not edit this workflow any more'
    case 'document_full':
      return 'this workflow has reached its size limit'
    case 'too_deep':
    case 'too_many_deletions':
      return 'the change was too large'
    default:
      return 'the change could not be merged with the others’ work'
  }
}

function changes(count: number): string {
  return count === 1 ? '1 change' : `${count} changes`
}
