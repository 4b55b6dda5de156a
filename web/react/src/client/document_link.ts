/** The document and its ways to and from the server and this device, through every kind of trouble. */

import type * as Y from 'yjs'
import type { Credentials } from '../api/credentials'
import { ApiError } from '../api/rest'
import { graphOf } from '../flow/read_graph'
import type { Closed, ConnectionState, Resource, ResetNotice, Reverted } from '../types'
import {
  closedBy,
  FORBIDDEN,
  RESET_NEEDED,
  TOLD_WHILE_RETRYING,
  TOO_LARGE,
  UNAUTHENTICATED
} from './close_codes'
import { isEqualJson } from './equality'
import { LocalWork } from './local_work'
import { RefusedEdits } from './refused_edits'
import type { Rights } from './permissions'
import { ValueStore } from './store'
import { copyName } from './stored_records'
import { spreadDelay, SyncConnection, type ServerEvent } from './sync_connection'

const MAX_RESETS_PER_MINUTE = 3
/** How long the server has to close a connection whose edit it has refused for good. */
const CLOSE_WITHIN_MS = 2_000

/** What a token function's ApiError says for good: nobody is let in by asking again. */
const FINAL_STATUSES = new Set([401, 403, 404, 410])
/** Node has none. */
const page = typeof window === 'undefined' ? null : window

export interface LinkOptions {
  serverUrl: string
  workflowId: string
  /** Dev mode's `?user_id=`; not sent beside a token. */
  userId: string | undefined
  credentials: Credentials
  WebSocketPolyfill?: typeof WebSocket | undefined
  /** Whether this device keeps a copy; `keepCopy` may ask for one later. */
  keepsCopy: boolean
  /** What the stored copy says of this user, until the server can be asked. */
  onRememberedRights(rights: Rights): void
  /** Known with each connection that is in step, and told again when it changes. */
  onMayEdit(mayEdit: boolean): void
  /** A new connection for a new document, before it is opened. */
  onConnection(connection: SyncConnection): void
  /** The document is in step with the server's. */
  onOpen(): void
  onClose(): void
  onEvent(event: ServerEvent): void
}

export class DocumentLink {
  readonly document: ValueStore<Y.Doc>
  readonly state = new ValueStore<ConnectionState>(
    {
      status: 'connecting',
      isLoaded: false,
      unsavedChanges: 0,
      isStored: false,
      isStoring: false,
      closed: null,
      reverted: null
    },
    isEqualJson
  )
  readonly reset = new ValueStore<ResetNotice | null>(null)

  readonly #options: LinkOptions
  #work = this.#newWork()
  #connection: SyncConnection | null = null
  #copyLoaded: Promise<void> | null = null
  #keepsCopy: boolean
  /** The document that is there was opened with the copy, or without one. */
  #isCopyDecided = false
  #isWanted = false
  #isDestroyed = false
  /** Grows with every document, so that what an old one still waits for is not done to a new one. */
  #generation = 0
  #userId: string | undefined
  #rights: Rights = { role: null, permissions: null }
  /** The server has asked this connection for edits, as it does of those alone who may edit. */
  #mayEdit = false
  #hasFreshToken = false
  /** This user has asked to go on: what was deleted on this device is kept again, once the server agrees. */
  #isRetried = false
  /** There is another than the connection has been given. */
  #hasNewToken = false
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #resetTimer: ReturnType<typeof setTimeout> | undefined
  #tokenFailures = 0
  readonly #refused = new RefusedEdits()
  #resetsMs: number[] = []

  constructor(options: LinkOptions) {
    this.#options = options
    this.#userId = options.userId
    this.#keepsCopy = options.keepsCopy
    this.document = new ValueStore(this.#work.doc)
    page?.addEventListener('online', this.#onOnline)
    page?.addEventListener('offline', this.#onOffline)
    page?.addEventListener('beforeunload', this.#onBeforeUnload)
  }

  get isOpen(): boolean {
    return this.state.get().status === 'connected'
  }

  setRights({ role, permissions }: Rights): void {
    this.#rights = { role, permissions }
    if (this.state.get().isLoaded) this.#work.keep(this.#rights)
  }

  /** Whose token it is. Another's means another copy, and nothing of the one before. */
  setUser(userId: string): void {
    if (userId === this.#userId) return
    this.#userId = userId
    if (this.#copyLoaded !== null) void this.#changeUser()
  }

  /** For those who come later. Who was here without one has only looked on. */
  keepCopy(): void {
    if (this.#keepsCopy) return
    this.#keepsCopy = true
    if (this.#isCopyDecided) void this.#replaceDocument('keep the copy', true)
  }

  connect(): void {
    // What is closed stays so until somebody wants a retry.
    if (this.#isDestroyed || this.#isWanted || this.state.get().status === 'closed') return
    this.#isWanted = true
    this.#set({ status: 'connecting', closed: null })
    void this.#open()
  }

  disconnect(): void {
    this.#isWanted = false
    clearTimeout(this.#retryTimer)
    this.#connection?.disconnect()
    if (this.state.get().status !== 'closed') this.#set({ status: 'offline' })
  }

  retry(): void {
    if (this.#isDestroyed || this.isOpen) return
    this.#hasFreshToken = false
    this.#isRetried = true
    this.#isWanted = true
    clearTimeout(this.#retryTimer)
    this.#set({ status: 'connecting', closed: null })
    void this.#open()
  }

  /** A connection that is refused with the last token, now or later, is opened with this one. */
  tokenChanged(): void {
    const { status, closed } = this.state.get()
    if (status !== 'closed') this.#hasNewToken = true
    else if (closed?.code === UNAUTHENTICATED) this.retry()
  }

  tellReverted(reverted: Reverted): void {
    if (this.state.get().status !== 'closed') this.#set({ reverted })
  }

  dismissReverted(): void {
    this.#set({ reverted: null })
  }

  dismissReset(): void {
    this.reset.set(null)
  }

  /** Resolves when the server knows. */
  async destroy(): Promise<void> {
    this.#isDestroyed = true
    this.#isWanted = false
    this.#generation += 1
    this.#set({ status: 'closed' })
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#resetTimer)
    page?.removeEventListener('online', this.#onOnline)
    page?.removeEventListener('offline', this.#onOffline)
    page?.removeEventListener('beforeunload', this.#onBeforeUnload)
    const closed = this.#connection?.destroy()
    void this.#work.end('keep the copy')
    await closed
  }

  async #open(): Promise<void> {
    const generation = this.#generation
    const isCurrent = () => generation === this.#generation && this.#isWanted
    const { credentials } = this.#options
    let token: string | null = null
    // Whose it is may be known without a token, which takes a network to be had.
    if (this.#userId !== undefined) await (this.#copyLoaded ??= this.#loadCopy())
    if (!isCurrent()) return
    try {
      if (credentials.hasToken) token = await credentials.token()
    } catch (error) {
      if (isCurrent()) this.#retryLater(error)
      return
    }
    if (!isCurrent()) return
    // Before the connection: what it holds goes to the server in a step 2, not as an edit just made.
    await (this.#copyLoaded ??= this.#loadCopy())
    if (!isCurrent()) return
    this.#connection ??= this.#newConnection()
    if (token !== null) this.#connection.setToken(token)
    this.#tokenFailures = 0
    this.#connection.connect()
  }

  async #loadCopy(): Promise<void> {
    const { serverUrl, workflowId } = this.#options
    const work = this.#work
    // All who were mounted together have said by then whether they want one.
    await Promise.resolve()
    if (work !== this.#work) return
    this.#isCopyDecided = true
    if (!this.#keepsCopy) return
    const name = copyName(serverUrl, this.#userId ?? 'anonymous', workflowId)
    const rights = await work.loadCopy(name)
    if (work !== this.#work || rights === null) return
    this.#options.onRememberedRights(rights)
    this.#set({ isLoaded: true })
    work.keep(rights)
  }

  #newWork(): LocalWork {
    const work: LocalWork = new LocalWork((state) => {
      if (work === this.#work) this.#set(state)
    })
    return work
  }

  #newConnection(): SyncConnection {
    const { serverUrl, workflowId, userId, credentials, WebSocketPolyfill } = this.#options
    const connection = new SyncConnection(
      this.#work.doc,
      {
        url: `${serverUrl.replace(/^http/, 'ws')}/sync`,
        workflowId,
        params: credentials.hasToken || userId === undefined ? {} : { user_id: userId },
        WebSocketPolyfill
      },
      {
        onStatus: (status) => this.#onStatus(status),
        onDisconnected: (code, reason) => this.#onDisconnected(code, reason),
        onSent: (subtype) => this.#work.sent(subtype),
        onAskedForEdits: () => {
          this.#mayEdit = true
          if (connection.isSynced) this.#options.onMayEdit(true)
        },
        onEvent: (event) => this.#onEvent(event),
        onClosed: (code, reason) => this.#onClosed(code, reason)
      }
    )
    this.#work.attach(connection)
    this.#options.onConnection(connection)
    return connection
  }

  #onStatus(status: 'connecting' | 'connected' | 'synced'): void {
    if (status === 'synced') {
      this.#hasFreshToken = false
      this.#set({ status: 'connected', isLoaded: true, closed: null })
      this.#work.keep(this.#rights)
      if (this.#isRetried) void this.#work.reopenCopy()
      this.#isRetried = false
      this.#options.onMayEdit(this.#mayEdit)
      this.#options.onOpen()
      if (this.#mayEdit) void this.#work.takeUp()
      else if (this.state.get().unsavedChanges > 0) this.#giveUpWhatCannotBeSaved()
    } else if (status === 'connected') {
      this.#refused.clear()
      this.#mayEdit = false
    } else if (this.state.get().status !== 'offline') {
      // While offline every attempt is one to leave that state, and no news by itself.
      this.#set({ status: 'connecting' })
    }
  }

  #onDisconnected(code: number | null, reason: string): void {
    this.#work.disconnected()
    const isTold = code !== null && TOLD_WHILE_RETRYING.has(code)
    this.#set({
      status: 'offline',
      closed: isTold ? closedBy(code, reason) : null
    })
    this.#options.onClose()
  }

  #onEvent(event: ServerEvent): void {
    if (event.type === 'saved' && typeof event.count === 'number') {
      this.#work.saved(event.count)
    } else if (event.type === 'edit_reverted') {
      this.#onReverted(event)
    } else {
      this.#options.onEvent(event)
    }
  }

  #onReverted(event: ServerEvent): void {
    const reverted: Reverted = {
      resources: (event.resources ?? []) as Resource[],
      reason: String(event.reason),
      holder: typeof event.holder === 'string' ? event.holder : null,
      atMs: Date.now()
    }
    this.#refused.add(reverted)
    this.#set({ reverted })
    if (reverted.reason === 'permission_denied') {
      // Brought in a step 2, it was dropped, and the connection stays: this document has it alone.
      clearTimeout(this.#resetTimer)
      this.#resetTimer = setTimeout(() => void this.#startOver(true), CLOSE_WITHIN_MS)
    }
  }

  #onClosed(code: number, reason: string): void {
    clearTimeout(this.#resetTimer)
    const mayRefresh = this.#options.credentials.canRefresh || this.#hasNewToken
    if (code === UNAUTHENTICATED && mayRefresh && !this.#hasFreshToken) {
      void this.#refreshToken()
    } else if (code === RESET_NEEDED && this.#mayStartOver()) {
      void this.#startOver(true)
    } else {
      this.#close(code, reason)
      // What was refused must not come back with the next connection, nor from the stored copy.
      const isTooLarge = this.#refused.isAny || this.state.get().unsavedChanges > 0
      if (
        code === RESET_NEEDED ||
        (code === FORBIDDEN && this.#refused.isForbidden) ||
        (code === TOO_LARGE && isTooLarge)
      ) {
        void this.#startOver(false)
      }
    }
  }

  #close(code: number, reason: string): void {
    this.#isWanted = false
    this.#set({ status: 'closed', closed: closedBy(code, reason) })
  }

  async #refreshToken(): Promise<void> {
    const generation = this.#generation
    const { credentials } = this.#options
    this.#hasFreshToken = true
    this.#hasNewToken = false
    this.#set({ status: 'connecting' })
    try {
      await credentials.refresh(await credentials.token())
    } catch (error) {
      if (generation === this.#generation) this.#retryLater(error)
      return
    }
    if (generation === this.#generation && this.#isWanted) await this.#open()
  }

  /** The application could not get a token: there is no network, unless it says that there is no token. */
  #retryLater(error: unknown): void {
    if (!this.#isWanted) return
    if (error instanceof ApiError && FINAL_STATUSES.has(error.status)) {
      this.#close(UNAUTHENTICATED, error.code)
      return
    }
    console.warn('coflow: no token could be had', error)
    this.#set({ status: 'offline' })
    this.#options.onClose()
    const delay = spreadDelay((this.#tokenFailures += 1), Math.random())
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => void this.#open(), delay)
  }

  #mayStartOver(): boolean {
    const now = Date.now()
    this.#resetsMs = [...this.#resetsMs.filter((each) => each > now - 60_000), now]
    return this.#resetsMs.length <= MAX_RESETS_PER_MINUTE
  }

  /** Edits made offline by one who, as it turns out, may not edit any more. */
  #giveUpWhatCannotBeSaved(): void {
    const resources: Resource[] = [{ type: 'workflow', id: this.#options.workflowId }]
    this.#refused.add({ resources, reason: 'permission_denied', holder: null, atMs: Date.now() })
    void this.#startOver(true)
  }

  /** Throw the document away, here and on this device, and get the server's. */
  async #startOver(reconnect: boolean): Promise<void> {
    this.reset.set({
      reverted: this.#refused.recent(),
      unsavedContent: graphOf(this.#work.doc),
      atMs: Date.now()
    })
    await this.#replaceDocument('empty the copy', reconnect)
  }

  /** What the last user left on this device stays there, for the next time; nothing of it is shown to another. */
  async #changeUser(): Promise<void> {
    this.reset.set(null)
    this.#set({ reverted: null })
    await this.#replaceDocument('keep the copy', true)
  }

  async #replaceDocument(how: Parameters<LocalWork['end']>[0], reconnect: boolean): Promise<void> {
    this.#generation += 1
    const generation = this.#generation
    clearTimeout(this.#resetTimer)
    void this.#connection?.destroy()
    this.#connection = null
    this.#copyLoaded = null
    this.#isCopyDecided = false
    this.#refused.clear()
    const old = this.#work
    this.#work = this.#newWork()
    this.#set({
      ...this.#work.state,
      isLoaded: false,
      ...(reconnect && this.#isWanted && { status: 'connecting' as const })
    })
    this.document.set(this.#work.doc)
    await old.end(how)
    if (generation === this.#generation && reconnect && this.#isWanted) await this.#open()
  }

  #set(part: Partial<ConnectionState & { closed: Closed | null }>): void {
    this.state.set({ ...this.state.get(), ...part })
  }

  readonly #onOnline = (): void => {
    if (this.#isWanted && this.state.get().status === 'offline') void this.#open()
  }

  /** A network that is gone does not close sockets; a server on this machine is there all the same. */
  readonly #onOffline = (): void => {
    const { status } = this.state.get()
    if (status === 'connected' || status === 'connecting') this.#connection?.reopen()
  }

  readonly #onBeforeUnload = (event: Event): void => {
    if (!this.#work.isSafe) event.preventDefault()
  }
}
