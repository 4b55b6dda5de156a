/** For guests, who have no list with an account menu: be forgotten by this browser. */

import { LogOut } from 'lucide-react'
import { IconButton } from '../app/icon_button'
import { useIdentity } from '../identity/identity_context'
import { guestLeaves } from '../identity/sign_out'
import { useSignOut } from '../identity/use_sign_out'

export function LeaveButton() {
  const { isGuest } = useIdentity().credentials
  const { start, dialog } = useSignOut({ isAlwaysAsked: true })
  if (!isGuest) return null
  return (
    <>
      <IconButton label="Leave" onClick={() => void start(guestLeaves())}>
        <LogOut size={16} />
      </IconButton>
      {dialog}
    </>
  )
}
