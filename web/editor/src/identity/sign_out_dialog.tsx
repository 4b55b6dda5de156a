/** Asks before what only this device has is lost, and before a guest loses the way back. */

import { Question } from '../app/question'
import type { Changes, Unsaved } from './sign_out'

interface Props {
  isGuest: boolean
  unsaved: Unsaved
  onConfirm: () => void
  onClose: () => void
}

export function SignOutDialog({ isGuest, unsaved, ...ways }: Props) {
  const { changes, workflows } = unsaved
  const isLosing = changes !== 0
  const leave = isGuest ? 'Leave' : 'Sign out'
  return (
    <Question
      open
      title={isLosing ? `${leave} and lose what is not saved?` : `${leave}?`}
      stay="Stay"
      action={isLosing ? `${leave} anyway` : leave}
      {...ways}
    >
      {isLosing &&
        `${countedChanges(changes)} in ${counted(workflows, 'workflow')}, kept on this device alone, would be lost. `}
      {isGuest && 'This browser forgets you. To come back, you need a link that still lets in.'}
    </Question>
  )
}

function countedChanges(changes: Changes): string {
  return changes === 'some' ? 'Changes' : counted(changes, 'change')
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}
