/** What a role may do, and what the mode of a workflow leaves of it. */

import type { Permission, Role, Session } from '../types'

const PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['view'],
  commenter: ['view', 'comment'],
  editor: ['view', 'comment', 'edit', 'share'],
  owner: ['view', 'comment', 'edit', 'share', 'manage']
}
const RANKS: readonly Role[] = ['viewer', 'commenter', 'editor', 'owner']

export function isAllowed(role: Role | null, permission: Permission): boolean {
  return role !== null && PERMISSIONS[role].includes(permission)
}

export function isRole(value: unknown): value is Role {
  return RANKS.includes(value as Role)
}

/** The higher of two roles. */
export function higherRole(a: Role | null, b: Role | null): Role | null {
  if (a === null || b === null) return a ?? b
  return RANKS.indexOf(a) >= RANKS.indexOf(b) ? a : b
}

/** The role that a token's claim `workflows` grants: keys are ids, or beginnings of ids before a `*`. */
export function grantedRole(
  grants: Readonly<Record<string, string>>,
  workflowId: string
): Role | null {
  return Object.entries(grants)
    .filter(([id]) =>
      id.endsWith('*') ? workflowId.startsWith(id.slice(0, -1)) : id === workflowId
    )
    .map(([, role]) => role)
    .filter(isRole)
    .reduce<Role | null>(higherRole, null)
}

/** Whether the mode lets this user edit anything at all. */
export function modeLetsEdit(session: Session | null, userId: string): boolean {
  return session?.mode !== 'sequential' || session.turn.holder === userId
}
