/** Who this user is and what they may do, from all that tell of it: the token, the server's lists and events, and a step 1. */

import { claimsOf } from '../api/credentials'
import type { Role, Session } from '../types'
import { isEqualJson } from './equality'
import { grantedRole, higherRole, isAllowed, modeLetsEdit } from './permissions'
import { ValueStore } from './store'

export interface AccessState {
  userId: string
  name: string
  /** Null until the server, or a stored copy, has said so. */
  role: Role | null
  /** The right to edit is there, and the mode lets this user edit at all. */
  canEdit: boolean
}

export class Access {
  readonly state: ValueStore<AccessState>
  readonly #workflowId: string
  /** What the token grants by itself. */
  #granted: Role | null = null
  #role: Role | null = null
  #remembered: Role | null = null
  /** The server asks those alone for edits who may edit; null before it could ask. */
  #isAskedForEdits: boolean | null = null
  #session: Session | null = null
  #isClosed = false

  constructor(workflowId: string, userId: string, name: string) {
    this.#workflowId = workflowId
    this.state = new ValueStore<AccessState>(
      { userId, name, role: null, canEdit: true },
      isEqualJson
    )
  }

  /** Whose token it is. What was known of another user's rights says nothing of this one's. */
  introduce(token: string, fallbackName: string | undefined): void {
    const { sub, name, workflows } = claimsOf(token)
    const { userId, name: before } = this.state.get()
    if (sub !== undefined && sub !== userId) {
      this.#role = this.#remembered = this.#isAskedForEdits = null
    }
    this.#granted = grantedRole(workflows, this.#workflowId)
    this.#show(
      sub === undefined
        ? { userId, name: before }
        : { userId: sub, name: name ?? fallbackName ?? sub }
    )
  }

  remember(role: Role | null): void {
    this.#remembered = role
    this.#show()
  }

  setRole(role: Role | null): void {
    this.#role = higherRole(role, this.#granted)
    this.#show()
  }

  /** Roles are whole sets of rights: a share may let edit whom the role calls a viewer. */
  setAskedForEdits(isAsked: boolean): void {
    this.#isAskedForEdits = isAsked
    this.#show()
  }

  /** The server says that the rights are others now. It asks anew if editing has become one of them. */
  changed(role: Role | null): void {
    if (!isAllowed(role, 'edit')) this.#isAskedForEdits = false
    this.setRole(role)
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
    const role = this.#role ?? this.#granted ?? this.#remembered
    // Unknown rights are not in the way: what may not be is refused.
    const mayEdit = this.#isAskedForEdits ?? (role === null || isAllowed(role, 'edit'))
    const canEdit = mayEdit && !this.#isClosed && modeLetsEdit(this.#session, userId)
    this.state.set({ userId, name, role, canEdit })
  }
}
