/** What a refusal of the server means, in words for people. */
import type { ApiError } from '../api/rest'

function nameOf(body: unknown, key: string): string | null {
  const value =
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[key] : null
  return typeof value === 'string' ? value : null
}

export function errorText(error: ApiError): string {
  switch (error.code) {
    case 'unreachable':
      return 'The server cannot be reached. Check your connection and try again.'
    case 'lock_held': {
      const holder =
        nameOf(error.body.lock, 'locked_by_name') ?? nameOf(error.body.lock, 'locked_by')
      return holder === null ? 'Somebody else holds this lock.' : `${holder} holds this lock.`
    }
    case 'forbidden':
      return 'You do not have the permission to do this.'
    default:
      return error.detail
  }
}
