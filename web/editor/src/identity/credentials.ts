/** What the server is told about who asks: one's own identity, else the guest that a link has made. */

import { guestOf } from './guests'
import { devUser, tokenUser, userToken } from './identity'

export interface Credentials {
  userId: string
  name: string
  isGuest: boolean
  /** Null in dev mode, where `userId` is all. */
  token: string | null
}

export function credentialsFor(
  authMode: 'dev' | 'jwt',
  workflowId: string | null
): Credentials | null {
  if (authMode === 'dev') {
    const userId = devUser()
    if (userId !== null) return { userId, name: userId, isGuest: false, token: null }
  } else {
    const token = userToken()
    if (token !== null) return { ...tokenUser(token), isGuest: false, token }
  }
  const guest = workflowId === null ? null : guestOf(workflowId)
  if (guest === null) return null
  return { userId: guest.userId, name: guest.name, isGuest: true, token: guest.token }
}
