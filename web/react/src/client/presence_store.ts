/** What this user shows of itself, and who else takes part. */

import type { Awareness } from 'y-protocols/awareness'
import type { Wire } from '../api/rest'
import type { Participant } from '../types'
import type { AccessState } from './access'
import { isEqualJson, keepIdentity } from './equality'
import { isRole } from './permissions'
import {
  awarenessOf,
  NO_PRESENCE,
  participantsOf,
  type Attendee,
  type OwnPresence,
  type SeenState
} from './presence'
import type { ServerEvent, SyncConnection } from './sync_connection'
import { ValueStore, type Store } from './store'
import { pointOf } from './wire'

const SEND_EVERY_MS = 50

interface Changes {
  added: number[]
  updated: number[]
  removed: number[]
}

export class PresenceStore {
  readonly participants: ValueStore<readonly Participant[]>
  readonly #access: Store<AccessState>
  readonly #attendees = new Map<string, Attendee>()
  readonly #changedMs = new Map<number, number>()
  #awareness: Awareness | null = null
  #own: OwnPresence = NO_PRESENCE
  #ownChangedMs = Date.now()
  #timer: ReturnType<typeof setTimeout> | undefined
  #sentMs = 0

  constructor(access: Store<AccessState>) {
    this.#access = access
    this.participants = new ValueStore<readonly Participant[]>(this.#merged())
    access.subscribe(() => this.refresh())
  }

  /** Follow another connection, whose document is another. */
  attach(connection: SyncConnection): void {
    this.#awareness = connection.awareness
    this.#changedMs.clear()
    connection.awareness.setLocalState(awarenessOf(this.#own))
    connection.awareness.on('change', (changes: Changes) => this.#onChange(changes))
    this.refresh()
  }

  /** Merges, and sends at once or, of many, the last. */
  set(part: Partial<OwnPresence>): void {
    const next = { ...this.#own, ...part }
    if (isEqualJson(next, this.#own)) return
    this.#own = next
    this.#ownChangedMs = Date.now()
    if (this.#timer !== undefined) return
    const wait = this.#sentMs + SEND_EVERY_MS - Date.now()
    if (wait <= 0) this.#send()
    else this.#timer = setTimeout(() => this.#send(), wait)
  }

  /** What a heartbeat over REST tells of this user. */
  heartbeat(): Wire<'Heartbeat'> {
    const { cursor, viewport, selectedNode } = this.#own
    return {
      cursor_position: cursor === null ? null : { ...cursor, ...(viewport && { viewport }) },
      selected_node: selectedNode
    }
  }

  setAttendees(attendees: readonly Attendee[]): void {
    this.#attendees.clear()
    for (const each of attendees) this.#attendees.set(each.userId, each)
    this.refresh()
  }

  onEvent(event: ServerEvent): void {
    const userId = event.user_id
    if (typeof userId !== 'string') return
    const before = this.#attendees.get(userId)
    if (event.type === 'user_left') {
      this.#attendees.delete(userId)
    } else if (event.type === 'user_joined' || event.type === 'cursor_update') {
      const { user_name: name, user_color: color, role } = event
      this.#attendees.set(userId, {
        userId,
        name: typeof name === 'string' ? name : (before?.name ?? userId),
        color: typeof color === 'string' ? color : (before?.color ?? '#6b7280'),
        role: isRole(role) ? role : (before?.role ?? null),
        cursor: event.type === 'cursor_update' ? pointOf(event.cursor_position) : null,
        selectedNode: typeof event.selected_node === 'string' ? event.selected_node : null,
        lastActiveMs: Date.now()
      })
    } else {
      return
    }
    this.refresh()
  }

  refresh(): void {
    this.participants.set(
      keepIdentity(this.participants.get(), this.#merged(), (each) => each.userId)
    )
  }

  destroy(): void {
    clearTimeout(this.#timer)
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sentMs = Date.now()
    // Its own change event refreshes the list.
    if (this.#awareness === null) this.refresh()
    else this.#awareness.setLocalState(awarenessOf(this.#own))
  }

  #onChange({ added, updated, removed }: Changes): void {
    const now = Date.now()
    for (const id of [...added, ...updated]) this.#changedMs.set(id, now)
    for (const id of removed) this.#changedMs.delete(id)
    this.refresh()
  }

  #merged(): Participant[] {
    const { userId, name, role } = this.#access.get()
    const awareness = this.#awareness
    const states: SeenState[] = []
    for (const [clientId, state] of awareness?.getStates() ?? []) {
      states.push({ clientId, state, changedMs: this.#changedMs.get(clientId) ?? 0 })
    }
    return participantsOf(
      {
        userId,
        name,
        color: null,
        role,
        presence: this.#own,
        clientId: awareness?.clientID ?? 0,
        changedMs: this.#ownChangedMs
      },
      states,
      this.#attendees
    )
  }
}
