/** Whom share links have made of who uses this browser: one guest for each workflow, with their links. */

import { identityChanged } from './identity'

const GUEST = 'coflow.guest.'
const NAME = 'coflow.guest-name'

export interface Guest {
  workflowId: string
  userId: string
  name: string
  token: string
  /** Of the links that this guest came by, the last one first. */
  shareIds: readonly string[]
  /** Whom this one has taken the place of; what they have not saved may be on this device. */
  formerUserIds?: readonly string[]
}

// Other tabs are of the same guest.
window.addEventListener('storage', ({ key }) => {
  if (key === null || key.startsWith('coflow.guest')) identityChanged()
})

export function guestOf(workflowId: string): Guest | null {
  return parse(localStorage.getItem(GUEST + workflowId))
}

export function guestBy(shareId: string): Guest | null {
  return guests().find(({ shareIds }) => shareIds.includes(shareId)) ?? null
}

export function guests(): Guest[] {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(GUEST))
    .map((key) => parse(localStorage.getItem(key)))
    .filter((guest) => guest !== null)
}

export function setGuest(guest: Guest): void {
  localStorage.setItem(GUEST + guest.workflowId, JSON.stringify(guest))
  identityChanged()
}

/** Of a guest, and of those before in its place. */
export function userIdsOf(guest: Guest | null): string[] {
  return guest === null ? [] : [guest.userId, ...(guest.formerUserIds ?? [])]
}

/** In all tabs; with the last of them goes the name. */
export function forgetGuest({ workflowId }: Guest): void {
  localStorage.removeItem(GUEST + workflowId)
  if (guests().length === 0) localStorage.removeItem(NAME)
  identityChanged()
}

/** What a guest of this browser has called themselves. */
export function guestName(): string | null {
  return localStorage.getItem(NAME)
}

export function setGuestName(name: string): void {
  localStorage.setItem(NAME, name)
  identityChanged()
}

function parse(stored: string | null): Guest | null {
  if (stored === null) return null
  try {
    const guest = JSON.parse(stored) as Guest
    return Array.isArray(guest.shareIds) ? guest : null
  } catch {
    return null
  }
}
