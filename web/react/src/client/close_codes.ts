/** The close codes after which the server does not want the same connection again, in people's words. */

import type { Closed } from '../types'

export const UNAUTHENTICATED = 4401
export const FORBIDDEN = 4403
export const NOT_FOUND = 4404
export const RESET_NEEDED = 4409

const MESSAGES: Readonly<Record<number, string>> = {
  4400: 'Something went wrong in this editor, and the server refused it. Reload the page; if it happens again, please report it.',
  4401: 'Your sign-in has ended. Sign in again to go on.',
  4403: 'You no longer have access to this workflow. Ask its owner to invite you again.',
  4404: 'This workflow does not exist, or it was deleted.',
  4409: 'This workflow could not be brought in step with the server. Reload the page.',
  4413: 'This workflow, or the last change to it, is too large to be saved.'
}

export function closedBy(code: number, reason: string): Closed {
  return {
    code,
    reason,
    message: MESSAGES[code] ?? 'The server has ended this connection. Reload the page to go on.'
  }
}
