/** Who one is here, and how to become somebody else. */

import { LogOut, UserRound } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useIdentity } from '../identity/identity_context'
import { userLeaves } from '../identity/sign_out'
import { useSignOut } from '../identity/use_sign_out'

export function AccountMenu() {
  const { credentials, server } = useIdentity()
  const { start, dialog } = useSignOut()
  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger className="coflow-button coflow-button--quiet ed-account">
          <UserRound /> <span>{credentials.name}</span>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="coflow-popover coflow-menu" align="end" sideOffset={4}>
            <DropdownMenu.Item
              className="coflow-menu__item"
              onSelect={() => void start(userLeaves(credentials.userId))}
            >
              <LogOut /> {server.authMode === 'dev' ? 'Use another name' : 'Sign out'}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {dialog}
    </>
  )
}
