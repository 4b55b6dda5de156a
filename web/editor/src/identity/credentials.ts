/** What the server is told about who asks: one's own identity, else the guest that a link has made. */

import { claimsOf, devUser, guestOf, setGuest, userToken, type Guest } from './identity'
import { redeem } from '../share/redeem'

export interface Credentials {
  userId: string
  name: string
  isGuest: boolean
  /** Null in dev mode, where `userId` is all. */
  token: string | null
}

const EXPIRES_SOON_S = 60

export function credentialsFor(
  authMode: 'dev' | 'jwt',
  workflowId: string | null
): Credentials | null {
  if (authMode === 'dev') {
    const userId = devUser()
    if (userId !== null) return { userId, name: userId, isGuest: false, token: null }
  } else {
    const token = userToken()
    if (token !== null) {
      const { sub, name } = claimsOf(token)
      const userId = sub ?? 'me'
      return { userId, name: name ?? userId, isGuest: false, token }
    }
  }
  const guest = workflowId === null ? null : guestOf(workflowId)
  if (guest === null) return null
  return { userId: guest.userId, name: guest.name, isGuest: true, token: guest.token }
}

/** A guest's token, a fresh one if the last is about to end: the guest stays the same by that. */
export async function guestToken(workflowId: string): Promise<string> {
  const guest = guestOf(workflowId)
  if (guest === null) throw new Error('no share link has been redeemed for this workflow')
  const { exp } = claimsOf(guest.token)
  const isFresh = exp === undefined || exp - Date.now() / 1000 > EXPIRES_SOON_S
  if (isFresh) return guest.token
  const again = await redeem(guest.shareId, { name: guest.name, token: guest.token })
  if (again.token === null) return guest.token
  const renewed: Guest = { ...guest, userId: again.userId, token: again.token }
  setGuest(workflowId, renewed)
  return renewed.token
}
