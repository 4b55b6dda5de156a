/** The workflow's editing session: its mode, the turn, and the server's list of who takes part. */

import { ApiError, type Rest, type Wire } from '../api/rest'
import type { ServerClock } from '../api/server_clock'
import type { CollaborationMode, Permission, Session } from '../types'
import { isEqualJson } from './equality'
import { permissionsIn } from './permissions'
import { Polling } from './polling'
import type { Attendee } from './presence'
import type { ServerEvent } from './sync_connection'
import { ValueStore } from './store'
import { pointOf, sessionOf, turnOf } from './wire'

const POLL_MS = 5_000

export class SessionStore {
  readonly session = new ValueStore<Session | null>(null, isEqualJson)
  /** Told of every list that was read, and what this user may do; null: not told. */
  onList: (attendees: readonly Attendee[], permissions: readonly Permission[] | null) => void =
    () => undefined
  readonly #rest: Rest
  readonly #workflowId: string
  readonly #polling = new Polling(POLL_MS, () => this.#pollOnce())
  #heartbeat: () => Wire<'Heartbeat'> = () => ({})
  #isDestroyed = false

  constructor(rest: Rest, workflowId: string) {
    this.#rest = rest
    this.#workflowId = workflowId
  }

  /** Join, which also lists. Never rejects. */
  async load(): Promise<void> {
    await this.#join().catch(() => undefined)
  }

  /** Take part by heartbeats. */
  poll(heartbeat: () => Wire<'Heartbeat'>): void {
    this.#heartbeat = heartbeat
    this.#polling.start()
  }

  stopPolling(): void {
    this.#polling.stop()
  }

  destroy(): void {
    this.#isDestroyed = true
    this.#polling.stop()
  }

  /** Give the seat free. Not before the socket is closed: who has one takes part, and does not leave. */
  leave(): void {
    const session = this.session.get()
    if (session !== null) void this.#rest.leaveSession(session.sessionId).catch(() => undefined)
  }

  onEvent(event: ServerEvent): void {
    const session = this.session.get()
    if (event.type === 'mode_changed' && session !== null) {
      const mode = event.collaboration_mode as CollaborationMode
      this.session.set({ ...session, mode, maxUsers: event.max_users as number | null })
      // Who has the turn now is told by no event of its own.
      void this.load()
    } else if (event.type === 'turn_changed' && session !== null) {
      this.session.set({ ...session, turn: turnOf(event as unknown as Wire<'Turn'>) })
    } else if (event.type === 'user_joined' || event.type === 'user_left') {
      if (session === null) void this.load()
    } else if (event.type === 'access_changed') {
      // An answer that is under way tells of the rights before.
      void this.load()
    }
  }

  async #pollOnce(): Promise<void> {
    try {
      await this.#attend()
    } catch (error) {
      // Nobody knows who is there, least of all those who were seen last.
      this.onList([], null)
      // It has ended; the workflow may have another.
      if (error instanceof ApiError && error.status === 404) this.session.set(null)
    }
  }

  async #attend(): Promise<void> {
    const session = this.session.get()
    if (session === null) return this.#join()
    await this.#rest.heartbeat(session.sessionId, this.#heartbeat())
    this.#show(await this.#rest.getSession(session.sessionId))
  }

  async #join(): Promise<void> {
    this.#show(await this.#rest.joinSession({ workflow_id: this.#workflowId }))
  }

  #show(wire: Wire<'Session'>): void {
    if (this.#isDestroyed) return
    this.session.set(sessionOf(wire))
    const attendees = wire.participants.map((each) => attendeeOf(each, this.#rest.clock))
    this.onList(attendees, permissionsIn(wire.permissions))
  }
}

function attendeeOf(wire: Wire<'Participant'>, clock: ServerClock): Attendee {
  return {
    userId: wire.user_id,
    name: wire.user_name,
    color: wire.user_color,
    role: wire.role,
    cursor: pointOf(wire.cursor_position),
    selectedNode: wire.selected_node,
    lastActiveMs: clock.msOf(wire.last_active)
  }
}
