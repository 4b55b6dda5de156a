/** Who this user is and what they may do; unlike useCollaboration it renders only when that changes. */
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import { isAllowed } from '../client/permissions'
import { useClient } from '../hooks/use_client'
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
  const client = useClient()
  const subscribe = useCallback(
    (listener: () => void) => {
      const stops = [client.participants, client.connection].map((store) =>
        store.subscribe(listener)
      )
      return () => stops.forEach((stop) => stop())
    },
    [client]
  )
  const readRole = () => client.role()
  const role = useSyncExternalStore(subscribe, readRole, readRole)
  const readUserId = () => client.userId
  const userId = useSyncExternalStore(subscribe, readUserId, readUserId)
  return useMemo(
    () => ({
      userId,
      role,
      canComment: isAllowed(role, 'comment'),
      canShare: isAllowed(role, 'share'),
      canManage: isAllowed(role, 'manage'),
      canLock: isAllowed(role, 'edit')
    }),
    [userId, role]
  )
}

/** The node that this user has selected. */
export function useOwnSelection(): string | null {
  const { participants } = useClient()
  const read = () => participants.get().find((person) => person.isSelf)?.selectedNode ?? null
  return useSyncExternalStore(participants.subscribe, read, read)
}
