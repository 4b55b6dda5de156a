/** Signing out, and a guest's leaving: nothing of them stays on this device. */

import { forgetStoredCopies, storedCopies, type WhoseCopies } from '@coflow/react'
import { forgetGuest, guests } from './guests'
import { forgetUserEverywhere } from './identity'

export interface Leaving {
  isGuest: boolean
  userIds: readonly string[]
  forget: () => void
}

export function userLeaves(userId: string): Leaving {
  return { isGuest: false, userIds: [userId], forget: () => forgetUserEverywhere(userId) }
}

/** A visitor is another guest in each workflow, and leaves them together; or one of them alone. */
export function guestLeaves(workflowId?: string): Leaving {
  const leaving = guests().filter(
    (guest) => workflowId === undefined || guest.workflowId === workflowId
  )
  return {
    isGuest: true,
    userIds: leaving.map(({ userId }) => userId),
    forget: () => leaving.forEach(forgetGuest)
  }
}

export interface Unsaved {
  changes: number
  workflows: number
}

/** What only this device has, and would be lost; `here`: so many changes that it could not even store. */
export async function unsavedOf({ userIds }: Leaving, here: number): Promise<Unsaved> {
  const copies = await Promise.all(userIds.map((userId) => storedCopies({ userId })))
  const unsaved = copies.flat().filter(({ unsavedChanges }) => unsavedChanges > 0)
  return {
    changes: unsaved.reduce((sum, { unsavedChanges }) => sum + unsavedChanges, here),
    workflows: unsaved.length + (here > 0 ? 1 : 0)
  }
}

export async function leave({ userIds, forget }: Leaving): Promise<void> {
  // First the pages, in all tabs: what they show would be stored again.
  forget()
  await Promise.all(userIds.map((userId) => forgetStoredCopies({ userId })))
}

/** Those alone that hold nothing which the server lacks. */
export async function forgetSavedCopies(whose: WhoseCopies): Promise<void> {
  const copies = await storedCopies(whose)
  const saved = copies.filter(({ unsavedChanges }) => unsavedChanges === 0)
  await Promise.all(saved.map(({ workflowId }) => forgetStoredCopies({ ...whose, workflowId })))
}
