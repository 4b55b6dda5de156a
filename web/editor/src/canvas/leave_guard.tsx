/** Asks before a link leads away from changes that neither the server nor this device has. */

import { useConnectionStatus } from '@coflow/react'
import { useEffect } from 'react'
import { useBlocker } from 'react-router'
import { Question } from '../app/question'

export function LeaveGuard() {
  const { unsavedChanges, isStored } = useConnectionStatus()
  const isAtRisk = unsavedChanges > 0 && !isStored
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) =>
      isAtRisk && currentLocation.pathname !== nextLocation.pathname
  )
  const isAsking = blocker.state === 'blocked'

  useEffect(() => {
    // Saved meanwhile: there is nothing left to be asked.
    if (isAsking && !isAtRisk) blocker.proceed()
  }, [isAsking, isAtRisk, blocker])

  return (
    <Question
      open={isAsking}
      title="Leave without saving?"
      stay="Stay"
      action="Leave"
      onConfirm={() => blocker.proceed?.()}
      onClose={() => blocker.reset?.()}
    >
      {unsavedChanges === 1 ? '1 change is' : `${unsavedChanges} changes are`} not saved yet, and
      cannot be kept on this device. Leaving loses {unsavedChanges === 1 ? 'it' : 'them'}.
    </Question>
  )
}
