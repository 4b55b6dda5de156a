/** Signing out, and a guest's leaving: nothing of them stays on this device. */

import { forgetStoredCopies, storedCopies, type WhoseCopies } from '@coflow/react'
import { forgetGuest, guests, userIdsOf } from './guests'
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
    userIds: leaving.flatMap(userIdsOf),
    forget: () => leaving.forEach(forgetGuest)
  }
}

/** How many changes; those that were given back are not counted one by one. */
export type Changes = number | 'some'

export interface Unsaved {
  changes: Changes
  workflows: number
}

/** What only this device has, and would be lost; `here`: what it could not even store. */
export async function unsavedOf({ userIds }: Leaving, here: Changes): Promise<Unsaved> {
  const copies = await Promise.all(userIds.map((userId) => knownCopies({ userId })))
  const unsaved = copies.flat().filter(({ unsavedChanges }) => unsavedChanges > 0)
  return {
    changes:
      here === 'some'
        ? here
        : unsaved.reduce((sum, { unsavedChanges }) => sum + unsavedChanges, here),
    workflows: unsaved.length + (here === 0 ? 0 : 1)
  }
}

export async function leave({ userIds, forget }: Leaving): Promise<void> {
  // First the pages, in all tabs: what they show would be stored again.
  forget()
  await Promise.all(userIds.map((userId) => forgetCopies({ userId })))
}

/** With what is unsaved in them. */
export async function forgetCopies(whose: WhoseCopies): Promise<void> {
  try {
    await forgetStoredCopies(whose)
  } catch (error) {
    console.warn('coflow: this device does not let its copies be removed', error)
  }
}

/** Those alone that hold nothing which the server lacks. */
export async function forgetSavedCopies(whose: WhoseCopies): Promise<void> {
  const copies = await knownCopies(whose)
  const saved = copies.filter(({ unsavedChanges }) => unsavedChanges === 0)
  await Promise.all(saved.map(({ workflowId }) => forgetCopies({ ...whose, workflowId })))
}

/** None where the device does not let them be read, as in a private window. */
async function knownCopies(whose: WhoseCopies): ReturnType<typeof storedCopies> {
  try {
    return await storedCopies(whose)
  } catch (error) {
    console.warn('coflow: this device does not let its copies be read', error)
    return []
  }
}
