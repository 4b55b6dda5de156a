/** The server's REST API, typed by its OpenAPI: answers as data, everything else as ApiError. */

import createClient, { createQuerySerializer, type Client } from 'openapi-fetch'
import type { TokenSource } from '../types'
import type { components, paths } from './schema'
import { Credentials } from './credentials'
import { originOf } from './origin'
import { ServerClock } from './server_clock'

type Schemas = components['schemas']
export type Wire<Name extends keyof Schemas> = Schemas[Name]

/** What the server, or the way to it, answered instead of data. `status` is 0 without an answer. */
export class ApiError extends Error {
  readonly status: number
  /** Stable and machine-readable: `lock_held`, `forbidden`, …; `unreachable` without an answer. */
  readonly code: string
  readonly detail: string
  /** The whole problem+json, some of which have members of their own, such as `lock`. */
  readonly body: Readonly<Record<string, unknown>>

  constructor(status: number, code: string, detail: string, body: Record<string, unknown> = {}) {
    super(detail)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.detail = detail
    this.body = body
  }
}

export interface RestOptions {
  /** The page's origin when left out. */
  serverUrl?: string | undefined
  /** Dev mode: who asks. */
  userId?: string | undefined
  token?: TokenSource | undefined
  /** Shared with a socket, so that one fresh token serves both. */
  credentials?: Credentials | undefined
  /**
   * After that a server that has not begun to answer counts as unreachable; after four times that if the request
   * has a body, which takes its time to be sent. Default: 30 seconds.
   */
  answerWithinMs?: number | undefined
}

const ANSWER_WITHIN_MS = 30_000
/** How many times longer a request with a body may take. */
const BODY_FACTOR = 4

/** The answer's data, or an ApiError. */
export async function dataOf<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>
): Promise<T> {
  let answer
  try {
    answer = await call
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new ApiError(0, 'unreachable', 'The server cannot be reached.')
  }
  if (answer.response.ok) return answer.data as T
  const problem = answer.error
  const body = typeof problem === 'object' && problem !== null ? { ...problem } : {}
  const { code, detail } = body as { code?: unknown; detail?: unknown }
  throw new ApiError(
    answer.response.status,
    typeof code === 'string' ? code : 'unknown',
    typeof detail === 'string' ? detail : `The server answered ${answer.response.status}.`,
    body
  )
}

export class Rest {
  /** Every route, for what has no method here: `await dataOf(rest.http.GET('/api/…'))`. */
  readonly http: Client<paths>
  readonly credentials: Credentials
  readonly clock = new ServerClock()
  readonly #answerWithinMs: number

  constructor(options: RestOptions = {}) {
    const { userId, serverUrl } = options
    this.#answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS
    this.credentials = options.credentials ?? new Credentials(options.token)
    const hasToken = this.credentials.hasToken
    const serialize = createQuerySerializer()
    this.http = createClient<paths>({
      baseUrl: originOf(serverUrl),
      // Dev mode's identity. A request with a body could not be given another URL afterwards.
      querySerializer: (query) =>
        serialize(!hasToken && userId !== undefined ? { ...query, user_id: userId } : query),
      fetch: (request) => this.#send(request)
    })
  }

  async #send(request: Request): Promise<Response> {
    if (!this.credentials.hasToken) return this.#answerTo(request)
    const again = request.clone()
    const token = await this.credentials.token()
    const response = await this.#answerTo(authorized(request, token))
    if (response.status !== 401 || !this.credentials.canRefresh) return response
    return this.#answerTo(authorized(again, await this.credentials.refresh(token)))
  }

  async #answerTo(request: Request): Promise<Response> {
    const limit = new AbortController()
    const factor = request.headers.has('Content-Type') ? BODY_FACTOR : 1
    const timer = setTimeout(() => limit.abort(), this.#answerWithinMs * factor)
    try {
      const signal = AbortSignal.any([request.signal, limit.signal])
      const response = await fetch(request, { signal })
      this.clock.learn(response)
      return response
    } finally {
      clearTimeout(timer)
    }
  }

  // Workflows

  listWorkflows(query: { q?: string; limit?: number; cursor?: string } = {}) {
    return dataOf(this.http.GET('/api/workflows', { params: { query } }))
  }

  createWorkflow(body: Wire<'CreateWorkflow'>) {
    return dataOf(this.http.POST('/api/workflows', { body }))
  }

  getWorkflow(workflow_id: string) {
    return dataOf(
      this.http.GET('/api/workflows/{workflow_id}', { params: { path: { workflow_id } } })
    )
  }

  deleteWorkflow(workflow_id: string) {
    return dataOf(
      this.http.DELETE('/api/workflows/{workflow_id}', { params: { path: { workflow_id } } })
    )
  }

  listMembers(workflow_id: string) {
    return dataOf(
      this.http.GET('/api/workflows/{workflow_id}/members', { params: { path: { workflow_id } } })
    )
  }

  // Sessions

  joinSession(body: Wire<'JoinSession'>) {
    return dataOf(this.http.POST('/api/collaboration/sessions', { body }))
  }

  getSession(session_id: string) {
    return dataOf(
      this.http.GET('/api/collaboration/sessions/{session_id}', {
        params: { path: { session_id } }
      })
    )
  }

  changeSession(session_id: string, body: Wire<'ChangeSession'>) {
    return dataOf(
      this.http.PATCH('/api/collaboration/sessions/{session_id}', {
        params: { path: { session_id } },
        body
      })
    )
  }

  leaveSession(session_id: string) {
    return dataOf(
      this.http.POST('/api/collaboration/sessions/{session_id}/leave', {
        params: { path: { session_id } }
      })
    )
  }

  heartbeat(session_id: string, body: Wire<'Heartbeat'>) {
    return dataOf(
      this.http.POST('/api/collaboration/sessions/{session_id}/heartbeat', {
        params: { path: { session_id } },
        body
      })
    )
  }

  requestTurn(session_id: string) {
    return dataOf(
      this.http.POST('/api/collaboration/sessions/{session_id}/turn/request', {
        params: { path: { session_id } }
      })
    )
  }

  passTurn(session_id: string, to?: string) {
    return dataOf(
      this.http.POST('/api/collaboration/sessions/{session_id}/turn/pass', {
        params: { path: { session_id } },
        body: to === undefined ? {} : { to }
      })
    )
  }

  takeOverTurn(session_id: string) {
    return dataOf(
      this.http.POST('/api/collaboration/sessions/{session_id}/turn/take-over', {
        params: { path: { session_id } }
      })
    )
  }

  // Locks

  acquireLock(body: Wire<'AcquireLock'>) {
    return dataOf(this.http.POST('/api/collaboration/locks/acquire', { body }))
  }

  releaseLock(body: Omit<Wire<'ReleaseLock'>, 'force'> & { force?: boolean }) {
    return dataOf(
      this.http.POST('/api/collaboration/locks/release', { body: { force: false, ...body } })
    )
  }

  listLocks(workflow_id: string) {
    return everyPage((cursor) =>
      dataOf(
        this.http.GET('/api/collaboration/locks/{workflow_id}', {
          params: { path: { workflow_id }, query: page(cursor) }
        })
      )
    )
  }

  // Shares

  createShare(body: Wire<'CreateShare'>) {
    return dataOf(this.http.POST('/api/collaboration/shares', { body }))
  }

  listShares(workflow_id: string) {
    return everyPage((cursor) =>
      dataOf(
        this.http.GET('/api/collaboration/shares', {
          params: { query: { workflow_id, ...page(cursor) } }
        })
      )
    )
  }

  getShare(share_id: string) {
    return dataOf(
      this.http.GET('/api/collaboration/shares/{share_id}', { params: { path: { share_id } } })
    )
  }

  revokeShare(share_id: string) {
    return dataOf(
      this.http.DELETE('/api/collaboration/shares/{share_id}', { params: { path: { share_id } } })
    )
  }

  redeemShare(share_id: string, name?: string) {
    return dataOf(
      this.http.POST('/api/collaboration/shares/{share_id}/redeem', {
        params: { path: { share_id } },
        body: name === undefined ? {} : { name }
      })
    )
  }

  // Comments

  listComments(workflow_id: string) {
    return everyPage((cursor) =>
      dataOf(
        this.http.GET('/api/collaboration/comments/{id}', {
          params: { path: { id: workflow_id }, query: page(cursor) }
        })
      )
    )
  }

  addComment(
    body: Omit<Wire<'AddComment'>, 'context_type'> & { context_type?: Wire<'ContextType'> }
  ) {
    return dataOf(
      this.http.POST('/api/collaboration/comments', { body: { context_type: 'workflow', ...body } })
    )
  }

  editComment(id: string, content: string) {
    return dataOf(
      this.http.PATCH('/api/collaboration/comments/{id}', {
        params: { path: { id } },
        body: { content }
      })
    )
  }

  deleteComment(id: string) {
    return dataOf(
      this.http.DELETE('/api/collaboration/comments/{id}', { params: { path: { id } } })
    )
  }

  resolveThread(id: string) {
    return dataOf(
      this.http.POST('/api/collaboration/comments/{id}/resolve', { params: { path: { id } } })
    )
  }

  reopenThread(id: string) {
    return dataOf(
      this.http.POST('/api/collaboration/comments/{id}/reopen', { params: { path: { id } } })
    )
  }

  /** Newest first, one page. */
  listAudit(workflow_id: string, query: { limit?: number; cursor?: string } = {}) {
    return dataOf(
      this.http.GET('/api/collaboration/audit/{workflow_id}', {
        params: { path: { workflow_id }, query }
      })
    )
  }
}

function authorized(request: Request, token: string): Request {
  request.headers.set('Authorization', `Bearer ${token}`)
  return request
}

function page(cursor: string | null): { cursor?: string } {
  return cursor === null ? {} : { cursor }
}

async function everyPage<T>(
  read: (cursor: string | null) => Promise<{ items: T[]; next_cursor: string | null }>
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const part: { items: T[]; next_cursor: string | null } = await read(cursor)
    items.push(...part.items)
    cursor = part.next_cursor
  } while (cursor !== null)
  return items
}
