/** Asks before a link leads away from changes that neither the server nor this device has. */

import { useConnectionStatus } from '@coflow/react'
import { AlertDialog } from 'radix-ui'
import { useEffect } from 'react'
import { useBlocker } from 'react-router'
import { useReturnFocus } from '../app/use_return_focus'

export function LeaveGuard() {
  const { unsavedChanges, isStored } = useConnectionStatus()
  const isAtRisk = unsavedChanges > 0 && !isStored
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) =>
      isAtRisk && currentLocation.pathname !== nextLocation.pathname
  )
  const returnFocus = useReturnFocus()
  const isAsking = blocker.state === 'blocked'

  useEffect(() => {
    // Saved meanwhile: there is nothing left to be asked.
    if (isAsking && !isAtRisk) blocker.proceed()
  }, [isAsking, isAtRisk, blocker])

  return (
    <AlertDialog.Root open={isAsking} onOpenChange={(open) => !open && blocker.reset?.()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="coflow-overlay" />
        <AlertDialog.Content className="coflow-dialog coflow-dialog--small" {...returnFocus}>
          <AlertDialog.Title className="coflow-dialog__title">
            Leave without saving?
          </AlertDialog.Title>
          <AlertDialog.Description className="coflow-dialog__text">
            {unsavedChanges === 1 ? '1 change is' : `${unsavedChanges} changes are`} not saved yet,
            and cannot be kept on this device. Leaving loses {unsavedChanges === 1 ? 'it' : 'them'}.
          </AlertDialog.Description>
          <div className="coflow-dialog__actions">
            <AlertDialog.Cancel className="coflow-button">Stay</AlertDialog.Cancel>
            <button
              type="button"
              className="coflow-button coflow-button--danger"
              onClick={() => blocker.proceed?.()}
            >
              Leave
            </button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
