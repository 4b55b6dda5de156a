/** One workflow as one user has it: the document, the connection, and everybody and everything around it. */

import type * as Y from 'yjs'
import { Credentials } from '../api/credentials'
import { originOf } from '../api/origin'
import { ApiError, Rest } from '../api/rest'
import type {
  ConnectionState,
  Lock,
  Participant,
  ResetNotice,
  Resource,
  ResourceType,
  Role,
  Session,
  Thread,
  TokenSource
} from '../types'
import { Access, type AccessState } from './access'
import { CommentStore } from './comment_store'
import { DocumentLink } from './document_link'
import { History } from './history'
import { LockStore } from './lock_store'
import { foreignLock } from './lock_rules'
import { isRole, permissionsIn } from './permissions'
import type { OwnPresence } from './presence'
import { PresenceStore } from './presence_store'
import { SessionStore } from './session_store'
import type { ServerEvent } from './sync_connection'
import type { Store } from './store'
import { lockOf } from './wire'

export interface CoflowOptions {
  workflowId: string
  /** Dev mode: who this is. With tokens only until the server, or the token, has said so. */
  userId?: string | undefined
  userName?: string | undefined
  /** Asked again whenever the server says that the last one has expired. */
  token?: TokenSource | undefined
  /** The page's origin when left out. */
  serverUrl?: string | undefined
  /** Keep a copy in this browser, so that work goes on without a network. Default: true. */
  offline?: boolean | undefined
  /** For Node, which has none of its own. */
  WebSocketPolyfill?: typeof WebSocket | undefined
}

export class CoflowClient {
  readonly options: CoflowOptions
  readonly rest: Rest
  readonly connection: Store<ConnectionState>
  readonly participants: Store<readonly Participant[]>
  readonly session: Store<Session | null>
  readonly locks: Store<readonly Lock[]>
  /** Whether `locks` is the server's list yet. */
  readonly areLocksRead: Store<boolean>
  readonly comments: Store<readonly Thread[] | null>
  readonly reset: Store<ResetNotice | null>
  /** Who this user is, and what they may do. */
  readonly access: Store<AccessState>
  /** Emits when the document is replaced by another. */
  readonly document: Store<Y.Doc>
  /** The origin of this user's own edits: what undo goes by. */
  readonly origin = { name: 'coflow' }
  readonly history: History

  readonly #credentials: Credentials
  readonly #link: DocumentLink
  readonly #presence: PresenceStore
  readonly #session: SessionStore
  readonly #locks: LockStore
  readonly #comments: CommentStore
  readonly #access: Access
  readonly #eventListeners = new Set<(event: ServerEvent) => void>()
  #isDestroyed = false

  constructor(options: CoflowOptions) {
    this.options = options
    const serverUrl = originOf(options.serverUrl)
    this.#credentials = new Credentials(options.token)
    this.rest = new Rest({ serverUrl, userId: options.userId, credentials: this.#credentials })
    const userId = options.userId ?? 'anonymous'
    this.#access = new Access(options.workflowId, userId, options.userName ?? userId)
    this.access = this.#access.state
    if (typeof options.token === 'string') {
      this.#access.introduce(options.token, options.userName)
    }
    this.#session = new SessionStore(this.rest, options.workflowId)
    this.#locks = new LockStore(this.rest, options.workflowId)
    this.#comments = new CommentStore(this.rest, options.workflowId)
    this.#link = new DocumentLink({
      serverUrl,
      workflowId: options.workflowId,
      userId: options.userId,
      credentials: this.#credentials,
      WebSocketPolyfill: options.WebSocketPolyfill,
      keepsCopy: options.offline ?? true,
      onRememberedRights: (rights) => this.#access.remember(rights),
      onConnection: (connection) => this.#presence.attach(connection),
      onMayEdit: (mayEdit) => this.#access.setAskedForEdits(mayEdit),
      onOpen: () => this.#onOpen(),
      onClose: () => this.#poll(),
      onEvent: (event) => this.#onEvent(event)
    })
    this.#credentials.onToken = (token) => {
      this.#access.introduce(token, options.userName)
      this.#link.setUser(this.userId)
    }
    this.#presence = new PresenceStore(this.access)
    this.history = new History(this.#link.document, {
      origin: this.origin,
      mayEdit: () => this.canEdit(),
      mayTakeAway: (type, id) => foreignLock(this.locks.get(), type, id, this.userId) === null
    })
    this.connection = this.#link.state
    this.document = this.#link.document
    this.reset = this.#link.reset
    this.participants = this.#presence.participants
    this.session = this.#session.session
    this.locks = this.#locks.locks
    this.areLocksRead = this.#locks.isRead
    this.comments = this.#comments.threads
    this.#session.onList = (attendees, permissions) => {
      const own = attendees.find((each) => each.userId === this.userId)
      if (own !== undefined) this.#access.setRights({ role: own.role, permissions })
      this.#presence.setAttendees(attendees)
    }
    this.#session.session.subscribe(() => this.#access.setSession(this.#session.session.get()))
    this.connection.subscribe(() => {
      const isClosed = this.connection.get().status === 'closed'
      this.#access.setClosed(isClosed)
      if (isClosed) this.#stopPolling()
    })
    this.access.subscribe(() => this.#link.setRights(this.access.get()))
  }

  get doc(): Y.Doc {
    return this.#link.document.get()
  }

  get userId(): string {
    return this.access.get().userId
  }

  role(): Role | null {
    return this.access.get().role
  }

  canEdit(): boolean {
    return this.access.get().canEdit
  }

  /** What the next token comes from. Another string opens the connection that was refused with the last one. */
  setTokenSource(token: TokenSource): void {
    if (this.#credentials.setSource(token)) this.#link.tokenChanged()
  }

  /** An edit of this user's, which undo can take back. */
  edit<T>(change: (doc: Y.Doc) => T): T {
    const { doc } = this
    return doc.transact(() => change(doc), this.origin)
  }

  /** An edit that was not even tried, by the rules that are known here: it is told as one that the server refused. */
  tellNotDone(resource: Resource): void {
    const lock = foreignLock(this.locks.get(), resource.type, resource.id, this.userId)
    const session = this.session.get()
    const [reason, holder] =
      lock !== null
        ? ['locked', lock.lockedBy]
        : session?.mode === 'sequential' && session.turn.holder !== this.userId
          ? ['not_your_turn', session.turn.holder]
          : [session?.mode === 'locked' ? 'lock_required' : 'permission_denied', null]
    this.#link.tellReverted({ resources: [resource], reason, holder, atMs: Date.now() })
  }

  setPresence(part: Partial<OwnPresence>): void {
    this.#presence.set(part)
  }

  /** Rejects with ApiError: `lock_held` holds the other's lock. Extends one's own. */
  async acquireLock(
    type: ResourceType,
    id: string,
    terms: { reason?: string; durationMinutes?: number } = {}
  ): Promise<Lock> {
    const sessionId = this.session.get()?.sessionId
    const lock = lockOf(
      await this.rest.acquireLock({
        workflow_id: this.options.workflowId,
        resource_type: type,
        resource_id: id,
        ...(sessionId !== undefined && { session_id: sessionId }),
        ...(terms.reason !== undefined && { reason: terms.reason }),
        ...(terms.durationMinutes !== undefined && { duration_minutes: terms.durationMinutes })
      }),
      this.rest.clock
    )
    this.#locks.put(lock)
    return lock
  }

  /** Rejects with ApiError. `force` is for owners. */
  async releaseLock({ resourceType, resourceId }: Lock, force: boolean): Promise<void> {
    await this.rest.releaseLock({
      workflow_id: this.options.workflowId,
      resource_type: resourceType,
      resource_id: resourceId,
      force
    })
    await this.#locks.load()
  }

  /** Each event that docs/protocol.md lists, as it came over the socket, until the returned function is called. */
  subscribeToEvents(listener: (event: ServerEvent) => void): () => void {
    this.#eventListeners.add(listener)
    return () => this.#eventListeners.delete(listener)
  }

  /** After a change of one's own, before the server's event tells of it. */
  reloadComments(): Promise<void> {
    return this.#comments.load()
  }

  /** Do something in the workflow's session, and read it anew. Rejects with ApiError. */
  async inSession(change: (sessionId: string) => Promise<unknown>): Promise<void> {
    if (this.session.get() === null) await this.#session.load()
    const session = this.session.get()
    if (session === null) throw new ApiError(0, 'unreachable', 'The server cannot be reached.')
    await change(session.sessionId)
    await this.#session.load()
  }

  /** It has ended for good, and another is needed. */
  get isDestroyed(): boolean {
    return this.#isDestroyed
  }

  /** As with `offline`, from now on. */
  keepCopy(): void {
    this.#link.keepCopy()
  }

  connect(): void {
    if (this.#isDestroyed) return
    this.#link.connect()
    this.#poll()
  }

  disconnect(): void {
    this.#link.disconnect()
    this.#stopPolling()
  }

  /** Now, instead of when it is due; also after a final close. */
  retry(): void {
    this.#link.retry()
  }

  dismissReverted(): void {
    this.#link.dismissReverted()
  }

  dismissReset(): void {
    this.#link.dismissReset()
  }

  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#stopPolling()
    this.#presence.destroy()
    this.#locks.destroy()
    this.#comments.destroy()
    this.history.destroy()
    this.#session.destroy()
    void this.#link.destroy().then(() => this.#session.leave())
  }

  #onOpen(): void {
    this.#stopPolling()
    void this.#session.load()
    void this.#locks.load()
    this.#comments.reconnected()
  }

  /** What events would tell is asked for while there is no socket. */
  #poll(): void {
    if (this.#isDestroyed || this.connection.get().status === 'closed') return
    if (this.#link.isOpen) return
    this.#session.poll(() => this.#presence.heartbeat())
    this.#locks.poll()
    this.#comments.poll()
  }

  #stopPolling(): void {
    this.#session.stopPolling()
    this.#locks.stopPolling()
    this.#comments.stopPolling()
  }

  #onEvent(event: ServerEvent): void {
    if (event.type === 'access_changed') {
      const { role, permissions } = event
      this.#access.changed({
        role: isRole(role) ? role : null,
        permissions: permissionsIn(permissions)
      })
    }
    this.#presence.onEvent(event)
    this.#session.onEvent(event)
    this.#locks.onEvent(event)
    this.#comments.onEvent(event)
    for (const listener of this.#eventListeners) listener(event)
  }
}
