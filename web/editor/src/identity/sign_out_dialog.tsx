/** Asks before what only this device has is lost, and before a guest loses the way back. */

import { AlertDialog } from 'radix-ui'
import { useReturnFocus } from '../app/use_return_focus'
import type { Unsaved } from './sign_out'

interface Props {
  isGuest: boolean
  unsaved: Unsaved
  onConfirm: () => void
  onClose: () => void
}

export function SignOutDialog({ isGuest, unsaved, onConfirm, onClose }: Props) {
  const returnFocus = useReturnFocus()
  const isLosing = unsaved.changes > 0
  const leave = isGuest ? 'Leave' : 'Sign out'
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="coflow-overlay" />
        <AlertDialog.Content className="coflow-dialog coflow-dialog--small" {...returnFocus}>
          <AlertDialog.Title className="coflow-dialog__title">
            {isLosing ? `${leave} and lose what is not saved?` : 'Leave?'}
          </AlertDialog.Title>
          <AlertDialog.Description className="coflow-dialog__text">
            {isLosing && `${lossOf(unsaved)}, kept on this device alone, would be lost. `}
            {isGuest &&
              'This browser forgets you. To come back, you need a link that still lets in.'}
          </AlertDialog.Description>
          <div className="coflow-dialog__actions">
            <AlertDialog.Cancel className="coflow-button">Stay</AlertDialog.Cancel>
            <AlertDialog.Action className="coflow-button coflow-button--danger" onClick={onConfirm}>
              {isLosing ? `${leave} anyway` : leave}
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

function lossOf({ changes, workflows }: Unsaved): string {
  return `${counted(changes, 'change')} in ${counted(workflows, 'workflow')}`
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}
