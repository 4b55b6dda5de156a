/** What a refusal of the server means, in words for people. */
import type { ApiError } from '../api/rest'
import type { ResourceType } from '../types'

function nameOf(body: unknown, key: string): string | null {
  const value =
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[key] : null
  return typeof value === 'string' ? value : null
}

/** With `nameOfResource` a conflict says what is locked, which may be a part of what was asked for. */
export function errorText(
  error: ApiError,
  nameOfResource?: (type: ResourceType, id: string) => string
): string {
  switch (error.code) {
    case 'unreachable':
      return 'The server cannot be reached. Check your connection and try again.'
    case 'lock_held': {
      const holder =
        nameOf(error.body.lock, 'locked_by_name') ?? nameOf(error.body.lock, 'locked_by')
      const type = nameOf(error.body.lock, 'resource_type')
      const id = nameOf(error.body.lock, 'resource_id')
      const isKnown = (type === 'node' || type === 'edge') && id !== null
      const what = isKnown && nameOfResource ? `‘${nameOfResource(type, id)}’` : 'this'
      return `${holder ?? 'Somebody else'} has locked ${what}.`
    }
    case 'forbidden':
      return 'You do not have the permission to do this.'
    default:
      return error.detail
  }
}
