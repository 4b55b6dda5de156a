/** Which lock covers a node or an edge, and whose it is. */

import type { Lock, ResourceType } from '../types'

/** The lock on exactly this. */
export function lockOn(locks: readonly Lock[], type: ResourceType, id: string): Lock | null {
  return locks.find((each) => each.resourceType === type && each.resourceId === id) ?? null
}

/** The lock that keeps `userId` from editing this: on it, or on the whole workflow. */
export function foreignLock(
  locks: readonly Lock[],
  type: ResourceType,
  id: string,
  userId: string
): Lock | null {
  const foreign = locks.filter((each) => each.lockedBy !== userId)
  return foreign.find((each) => each.resourceType === 'workflow') ?? lockOn(foreign, type, id)
}

/** Whether `userId` holds a lock that covers this: what the mode `locked` asks for. */
export function holdsLock(
  locks: readonly Lock[],
  type: ResourceType,
  id: string,
  userId: string
): boolean {
  return locks.some(
    (each) =>
      each.lockedBy === userId &&
      (each.resourceType === 'workflow' || (each.resourceType === type && each.resourceId === id))
  )
}
