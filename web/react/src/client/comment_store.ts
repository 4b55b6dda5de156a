/** The threads of a workflow, from the first subscription on, read anew when an event says that they changed. */

import type { Rest } from '../api/rest'
import type { Comment, Thread } from '../types'
import { keepIdentity } from './equality'
import { Polling } from './polling'
import type { ServerEvent } from './sync_connection'
import { ValueStore, type Store } from './store'
import { commentOf, threadsOf } from './wire'

const POLL_MS = 10_000
const EVENTS = new Set([
  'new_comment',
  'comment_updated',
  'comment_deleted',
  'comment_resolved',
  'comment_reopened'
])

export class CommentStore {
  readonly threads: Store<readonly Thread[] | null>
  readonly #threads = new ValueStore<readonly Thread[] | null>(null)
  readonly #rest: Rest
  readonly #workflowId: string
  readonly #polling = new Polling(POLL_MS, () => this.#read())
  #comments: readonly Comment[] = []
  #isWanted = false
  #isDestroyed = false
  #reading: Promise<void> | null = null
  #isStale = false

  constructor(rest: Rest, workflowId: string) {
    this.#rest = rest
    this.#workflowId = workflowId
    this.threads = {
      get: this.#threads.get,
      subscribe: (listener) => {
        if (!this.#isWanted) {
          this.#isWanted = true
          void this.load()
        }
        return this.#threads.subscribe(listener)
      }
    }
  }

  /** Never rejects. Asked while it reads, it reads once more after that. */
  load(): Promise<void> {
    if (this.#isDestroyed || !this.#isWanted) return Promise.resolve()
    if (this.#reading !== null) {
      this.#isStale = true
      return this.#reading
    }
    this.#reading = this.#readUntilFresh().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  reconnected(): void {
    void this.load()
  }

  poll(): void {
    this.#polling.start()
  }

  stopPolling(): void {
    this.#polling.stop()
  }

  destroy(): void {
    this.#isDestroyed = true
    this.#polling.stop()
  }

  onEvent(event: ServerEvent): void {
    if (EVENTS.has(event.type)) void this.load()
  }

  async #readUntilFresh(): Promise<void> {
    do {
      this.#isStale = false
      await this.#read().catch(() => undefined)
    } while (this.#isStale as boolean)
  }

  async #read(): Promise<void> {
    if (!this.#isWanted) return
    const answer = await this.#rest.listComments(this.#workflowId)
    if (this.#isDestroyed) return
    const listed = answer.map((each) => commentOf(each, this.#rest.clock))
    this.#comments = keepIdentity(this.#comments, listed, (each) => each.commentId)
    const before = this.#threads.get()
    const threads = threadsOf(this.#comments)
    this.#threads.set(
      before === null ? threads : keepIdentity(before, threads, (each) => each.root.commentId)
    )
  }
}
