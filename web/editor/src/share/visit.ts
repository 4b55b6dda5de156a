/** A guest's visit to a workflow: it begins by a link, and goes on for as long as one of the links lives. */

import { ApiError, Rest } from '@coflow/react'
import { guestBy, guestOf, setGuest, userIdsOf, type Guest } from '../identity/guests'
import { claimsOf } from '../identity/identity'
import { forgetSavedCopies } from '../identity/sign_out'
import { redeem } from './redeem'

const EXPIRES_SOON_S = 60
/** Answers that stay what they are, however often one asks. */
const FINAL = new Set([401, 403, 404, 410])

/**
 * Come by a link as a guest: as the one of this browser, if it has been in that workflow before, else
 * as a new one of that name. Resolves to where the link leads; rejects with ApiError.
 */
export function comeByLink(shareId: string, name: string): Promise<Guest> {
  // Of two tabs that open one link at once, the second is the guest that the first has become.
  return oneAtATime('coflow.guests', async () => {
    const before = guestBy(shareId) ?? guestOf(await whereTo(shareId))
    const back = before && (await comeBack(before, shareId))
    const guest = back ?? { ...(await begin(shareId, name)), formerUserIds: userIdsOf(before) }
    setGuest(guest)
    if (before !== null && back === null) await forgetSavedCopies({ userId: before.userId })
    return guest
  })
}

/** Gives a guest's token, and a fresh one in place of one that ends soon or that was given before. */
export function guestTokens(workflowId: string): () => Promise<string> {
  let given: string | null = null
  return async () => {
    const guest = guestOf(workflowId)
    if (guest === null) {
      throw new ApiError(401, 'unauthenticated', 'This browser has forgotten its guest.')
    }
    // Nobody asks twice, unless the server takes that one no more: it has the clock that counts.
    if (guest.token !== given && !endsSoon(guest.token)) return (given = guest.token)
    try {
      return (given = (await renew(guest)).token)
    } catch (error) {
      // Whoever has just come gets to see the copy on this device by it, whatever the server says then.
      if (given === null) return (given = guest.token)
      throw error
    }
  }
}

async function whereTo(shareId: string): Promise<string> {
  return (await new Rest().getShare(shareId)).workflow_id
}

async function begin(shareId: string, name: string): Promise<Guest> {
  const { workflowId, userId, token } = await redeem(shareId, { name })
  return { workflowId, userId, name, token: token ?? '', shareIds: [shareId] }
}

/** Null if the server does not take this guest any more, who then has to begin anew. */
async function comeBack(guest: Guest, shareId: string): Promise<Guest | null> {
  const come = async ({ token, shareIds }: Guest): Promise<Guest> => {
    const again = await redeem(shareId, { token, name: guest.name })
    const others = shareIds.filter((each) => each !== shareId)
    return { ...guest, token: again.token ?? token, shareIds: [shareId, ...others] }
  }
  try {
    return await come(guest).catch(async (error: unknown) => {
      // An expired token brings a guest back by the links that it knows, and by no other.
      if (error instanceof ApiError && error.status === 401) return come(await renew(guest))
      throw error
    })
  } catch (error) {
    if (isFinal(error)) return null
    throw error
  }
}

/** By the first of the guest's links that lives. Rejects with ApiError, as the last one was answered. */
async function renew(guest: Guest): Promise<Guest> {
  let refusal: unknown = null
  for (const [ended, shareId] of guest.shareIds.entries()) {
    try {
      const again = await redeem(shareId, { token: guest.token, name: guest.name })
      const shareIds = guest.shareIds.slice(ended)
      const renewed = { ...guest, token: again.token ?? guest.token, shareIds }
      // They may have left meanwhile.
      if (guestOf(guest.workflowId)?.userId === guest.userId) setGuest(renewed)
      return renewed
    } catch (error) {
      if (!isFinal(error)) throw error
      refusal = error
    }
  }
  throw refusal
}

function isFinal(error: unknown): boolean {
  return error instanceof ApiError && FINAL.has(error.status)
}

function endsSoon(token: string): boolean {
  const { exp } = claimsOf(token)
  return exp !== undefined && exp - Date.now() / 1000 < EXPIRES_SOON_S
}

/** Among all tabs; browsers have locks only where pages come by HTTPS or from this machine. */
async function oneAtATime<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = navigator.locks as LockManager | undefined
  return locks === undefined ? work() : await locks.request(name, work)
}
