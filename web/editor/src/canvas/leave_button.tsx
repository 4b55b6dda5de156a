/** For guests, who have no list to go back to, and no account menu there: be forgotten by this browser. */

import { LogOut } from 'lucide-react'
import { IconButton } from '../app/icon_button'
import { guestLeaves } from '../identity/sign_out'
import { useSignOut } from '../identity/use_sign_out'
import { useNotStored } from './use_not_stored'

export function LeaveButton() {
  const notStored = useNotStored()
  const { start, dialog } = useSignOut({ isAlwaysAsked: true })
  return (
    <>
      <IconButton label="Leave" onClick={() => void start(guestLeaves(), notStored)}>
        <LogOut size={16} />
      </IconButton>
      {dialog}
    </>
  )
}
