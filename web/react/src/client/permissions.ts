/** What a user may do, by name or by role, and what the mode of a workflow leaves of it. */

import type { Permission, Role, Session } from '../types'

const ALL: readonly Permission[] = ['view', 'comment', 'edit', 'share', 'manage']
const OF_ROLE: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['view'],
  commenter: ['view', 'comment'],
  editor: ['view', 'comment', 'edit', 'share'],
  owner: ALL
}
const RANKS: readonly Role[] = ['viewer', 'commenter', 'editor', 'owner']

/** What the server says, or a stored copy. A share may grant what is no role's; null: not told. */
export interface Rights {
  role: Role | null
  permissions: readonly Permission[] | null
}

/** The exact permissions, or else the role's. */
export function permissionsOf({ role, permissions }: Rights): readonly Permission[] {
  return permissions ?? (role === null ? [] : OF_ROLE[role])
}

/** A list from elsewhere; null if it is none, as from a server that tells roles alone. */
export function permissionsIn(value: unknown): readonly Permission[] | null {
  return Array.isArray(value) ? ALL.filter((each) => value.includes(each)) : null
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
