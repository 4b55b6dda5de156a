/** The close codes that people have to know of, in their words. */

import type { Closed } from '../types'

export const UNAUTHENTICATED = 4401
export const FORBIDDEN = 4403
export const NOT_FOUND = 4404
export const RESET_NEEDED = 4409
export const TOO_LARGE = 4413
/** Codes that are tried again, as all others from 4500 on are, and whose reason is worth telling. */
export const TOLD_WHILE_RETRYING: ReadonlySet<number> = new Set([4523, 4529])

const MESSAGES: Readonly<Record<number, string>> = {
  4400: 'Something went wrong in this editor, and the server refused it. Reload the page; if it happens again, please report it.',
  4401: 'Your sign-in has ended. Sign in again to go on.',
  4403: 'You no longer have access to this workflow. Ask its owner to invite you again.',
  4404: 'This workflow does not exist, or it was deleted.',
  4409: 'This workflow could not be brought in step with the server. Reload the page.',
  4413: 'This workflow, or the last change to it, is too large to be saved.',
  4523: 'This workflow is full just now. You will be let in as soon as somebody leaves.',
  4529: 'Too much at once from this browser. It is tried again in a moment.'
}

export function closedBy(code: number, reason: string): Closed {
  return {
    code,
    reason,
    message: MESSAGES[code] ?? 'The server has ended this connection. Reload the page to go on.'
  }
}
