/** For guests, who have no list to go back to, and no account menu there: be forgotten by this browser. */

import { useConnectionStatus } from '@coflow/react'
import { LogOut } from 'lucide-react'
import { IconButton } from '../app/icon_button'
import { guestLeaves } from '../identity/sign_out'
import { useSignOut } from '../identity/use_sign_out'

export function LeaveButton() {
  const { unsavedChanges, isStored } = useConnectionStatus()
  const { start, dialog } = useSignOut({ isAlwaysAsked: true })
  return (
    <>
      <IconButton
        label="Leave"
        onClick={() => void start(guestLeaves(), isStored ? 0 : unsavedChanges)}
      >
        <LogOut size={16} />
      </IconButton>
      {dialog}
    </>
  )
}
