/** Who this user is, and what they may do. */
import { useSyncExternalStore } from 'react'
import { isAllowed } from '../client/permissions'
import { useClient } from '../hooks/use_client'
import { useStore } from '../hooks/use_store'
import type { Role } from '../types'

export interface Access {
  userId: string
  role: Role | null
  canComment: boolean
  canShare: boolean
  canManage: boolean
  /** An editor, whether or not the mode lets edit just now: locks are taken to be let. */
  canLock: boolean
}

export function useAccess(): Access {
  const { userId, role } = useStore(useClient().access)
  return {
    userId,
    role,
    canComment: isAllowed(role, 'comment'),
    canShare: isAllowed(role, 'share'),
    canManage: isAllowed(role, 'manage'),
    canLock: isAllowed(role, 'edit')
  }
}

/** The node that this user has selected. */
export function useOwnSelection(): string | null {
  const { participants } = useClient()
  const read = () => participants.get().find((person) => person.isSelf)?.selectedNode ?? null
  return useSyncExternalStore(participants.subscribe, read, read)
}
