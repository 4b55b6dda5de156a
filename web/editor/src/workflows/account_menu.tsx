/** Who one is here, and how to become somebody else. */

import { LogOut, UserRound } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { signOut } from '../identity/identity'

export function AccountMenu({ name, authMode }: { name: string; authMode: 'dev' | 'jwt' }) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="coflow-button coflow-button--quiet ed-account">
        <UserRound /> <span>{name}</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="coflow-popover coflow-menu" align="end" sideOffset={4}>
          <DropdownMenu.Item className="coflow-menu__item" onSelect={signOut}>
            <LogOut /> {authMode === 'dev' ? 'Use another name' : 'Sign out'}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
