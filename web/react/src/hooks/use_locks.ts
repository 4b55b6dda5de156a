/** The locks of the workflow, and how to take, extend and release them. */

import { useMemo } from 'react'
import type { CoflowClient } from '../client/coflow_client'
import { foreignLock, lockOn } from '../client/lock_rules'
import type { Lock, ResourceType } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

export interface LockTerms {
  reason?: string | undefined
  /** 30 when left out. */
  durationMinutes?: number | undefined
}

/** The promises reject with ApiError: `lock_held` names the other's lock in its body. */
export interface Locks {
  locks: readonly Lock[]
  lockOf: (type: ResourceType, id: string) => Lock | null
  isLockedByOther: (type: ResourceType, id: string) => Lock | null
  acquire: (type: ResourceType, id: string, terms?: LockTerms) => Promise<Lock>
  extend: (lock: Lock, durationMinutes?: number) => Promise<Lock>
  release: (lock: Lock) => Promise<void>
  /** Another's; for owners. */
  forceRelease: (lock: Lock) => Promise<void>
}

export function useLocks(): Locks {
  const client = useClient()
  const locks = useStore(client.locks)
  const actions = useMemo(() => actionsOf(client), [client])
  return useMemo(
    () => ({
      locks,
      lockOf: (type, id) => lockOn(locks, type, id),
      isLockedByOther: (type, id) => foreignLock(locks, type, id, client.userId),
      ...actions
    }),
    [client, locks, actions]
  )
}

function actionsOf(
  client: CoflowClient
): Pick<Locks, 'acquire' | 'extend' | 'release' | 'forceRelease'> {
  return {
    acquire: (type, id, { reason, durationMinutes } = {}) =>
      client.acquireLock(type, id, {
        ...(reason !== undefined && { reason }),
        ...(durationMinutes !== undefined && { durationMinutes })
      }),
    extend: ({ resourceType, resourceId, reason }, durationMinutes) =>
      client.acquireLock(resourceType, resourceId, {
        ...(reason !== null && { reason }),
        ...(durationMinutes !== undefined && { durationMinutes })
      }),
    release: (lock) => client.releaseLock(lock, false),
    forceRelease: (lock) => client.releaseLock(lock, true)
  }
}
