/** Who this user is and what they may do, from all that tell of it: the token, the server's lists and events, and a step 1. */

import { claimsOf } from '../api/credentials'
import type { Permission, Role, Session } from '../types'
import { isEqualJson } from './equality'
import { grantedRole, higherRole, modeLetsEdit, permissionsOf, type Rights } from './permissions'
import { ValueStore } from './store'

export interface AccessState {
  userId: string
  name: string
  /** Null until the server, or a stored copy, has said so. For badges: a share may grant what is no role's. */
  role: Role | null
  /** What this user may do, whatever the mode; empty until it is known. */
  permissions: readonly Permission[]
  /** The right to edit is there, and the mode lets this user edit at all. */
  canEdit: boolean
}

const UNKNOWN: Rights = { role: null, permissions: null }

export class Access {
  readonly state: ValueStore<AccessState>
  readonly #workflowId: string
  /** What the token grants by itself. */
  #granted: Role | null = null
  #told = UNKNOWN
  #remembered = UNKNOWN
  /** The server asks those alone for edits who may edit; null before it could ask. */
  #isAskedForEdits: boolean | null = null
  #session: Session | null = null
  #isClosed = false

  constructor(workflowId: string, userId: string, name: string) {
    this.#workflowId = workflowId
    this.state = new ValueStore<AccessState>(
      { userId, name, role: null, permissions: [], canEdit: true },
      isEqualJson
    )
  }

  /** Whose token it is. What was known of another user's rights says nothing of this one's. */
  introduce(token: string, fallbackName: string | undefined): void {
    const { sub, name, workflows } = claimsOf(token)
    const { userId, name: before } = this.state.get()
    if (sub !== undefined && sub !== userId) {
      this.#told = this.#remembered = UNKNOWN
      this.#isAskedForEdits = null
    }
    this.#granted = grantedRole(workflows, this.#workflowId)
    this.#show(
      sub === undefined
        ? { userId, name: before }
        : { userId: sub, name: name ?? fallbackName ?? sub }
    )
  }

  remember(rights: Rights): void {
    this.#remembered = rights
    this.#show()
  }

  /** From the server; what was remembered counts no more. */
  setRights(rights: Rights): void {
    this.#told = { ...rights, role: higherRole(rights.role, this.#granted) }
    this.#remembered = UNKNOWN
    this.#show()
  }

  /** Known before the lists are: with each connection that is in step. */
  setAskedForEdits(isAsked: boolean): void {
    this.#isAskedForEdits = isAsked
    this.#show()
  }

  /** The server says that the rights are others now: what it asked for before says nothing any more. */
  changed(rights: Rights): void {
    this.#isAskedForEdits = null
    this.setRights(rights)
  }

  setSession(session: Session | null): void {
    this.#session = session
    this.#show()
  }

  setClosed(isClosed: boolean): void {
    this.#isClosed = isClosed
    this.#show()
  }

  #show(who: { userId: string; name: string } = this.state.get()): void {
    const { userId, name } = who
    const role = this.#told.role ?? this.#granted ?? this.#remembered.role
    const exact = this.#told.permissions ?? this.#remembered.permissions
    const permissions = permissionsOf({ role, permissions: exact })
    // Unknown rights are not in the way: what may not be is refused.
    const isUnknown = role === null && exact === null
    const mayEdit = this.#isAskedForEdits ?? (isUnknown || permissions.includes('edit'))
    const canEdit = mayEdit && !this.#isClosed && modeLetsEdit(this.#session, userId)
    this.state.set({ userId, name, role, permissions, canEdit })
  }
}
