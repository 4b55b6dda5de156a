/** Who this user is, and what they may do. */
import { useSyncExternalStore } from 'react'
import { useClient } from '../hooks/use_client'
import { useStore } from '../hooks/use_store'
import type { Permission, Role } from '../types'

export interface Access {
  userId: string
  /** For badges; what may be done says the rest. */
  role: Role | null
  permissions: readonly Permission[]
  canComment: boolean
  canShare: boolean
  canManage: boolean
  /** Who may edit, whether or not the mode lets edit just now: locks are taken to be let. */
  canLock: boolean
}

export function useAccess(): Access {
  const { userId, role, permissions } = useStore(useClient().access)
  return {
    userId,
    role,
    permissions,
    canComment: permissions.includes('comment'),
    canShare: permissions.includes('share'),
    canManage: permissions.includes('manage'),
    canLock: permissions.includes('edit')
  }
}

/** The node that this user has selected. */
export function useOwnSelection(): string | null {
  const { participants } = useClient()
  const read = () => participants.get().find((person) => person.isSelf)?.selectedNode ?? null
  return useSyncExternalStore(participants.subscribe, read, read)
}
