/** The locks held in a workflow: listed once, kept up by events, and asked for where there are none. */

import type { Rest, Wire } from '../api/rest'
import type { Lock } from '../types'
import { keepIdentity } from './equality'
import { Polling } from './polling'
import type { ServerEvent } from './sync_connection'
import { ValueStore } from './store'
import { lockOf } from './wire'

const POLL_MS = 10_000

export class LockStore {
  readonly locks = new ValueStore<readonly Lock[]>([])
  /** False until the server has told of them. */
  readonly isRead = new ValueStore(false)
  readonly #rest: Rest
  readonly #workflowId: string
  readonly #polling = new Polling(POLL_MS, () => this.#read())
  /** Grows with every event, so that a list read before it does not undo it. */
  #events = 0
  #isDestroyed = false

  constructor(rest: Rest, workflowId: string) {
    this.#rest = rest
    this.#workflowId = workflowId
  }

  /** Never rejects: without an answer the list stays as it is. */
  async load(): Promise<void> {
    await this.#read().catch(() => undefined)
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
    if (event.type === 'lock_acquired') {
      this.#events += 1
      this.put(lockOf(event as unknown as Wire<'Lock'>, this.#rest.clock))
    } else if (event.type === 'lock_released') {
      this.#events += 1
      this.#show(this.locks.get().filter((each) => each.lockId !== event.lock_id))
    } else if (event.type === 'locks_changed') {
      void this.load()
    }
  }

  put(lock: Lock): void {
    const others = this.locks
      .get()
      .filter(
        (each) => each.resourceType !== lock.resourceType || each.resourceId !== lock.resourceId
      )
    this.#show([...others, lock])
  }

  async #read(): Promise<void> {
    for (let tries = 0; tries < 3; tries += 1) {
      const events = this.#events
      const listed = await this.#rest.listLocks(this.#workflowId)
      if (this.#isDestroyed) return
      if (events !== this.#events && tries < 2) continue
      this.#show(listed.map((each) => lockOf(each, this.#rest.clock)))
      this.isRead.set(true)
      return
    }
  }

  #show(locks: readonly Lock[]): void {
    const sorted = locks.toSorted((a, b) => a.fence - b.fence)
    this.locks.set(keepIdentity(this.locks.get(), sorted, (each) => each.lockId))
  }
}
