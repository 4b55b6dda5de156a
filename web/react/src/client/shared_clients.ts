/** One client for each workflow and user on a page, for as long as anybody holds it. */

import { originOf } from '../api/origin'
import { CoflowClient, type CoflowOptions } from './coflow_client'

/** So long a client outlives its last holder: React mounts twice in development, and pages move on. */
const KEEP_MS = 1_000
/** A rendering that made one may never be shown, or late; and what only it has may take so long to be saved. */
const KEEP_LONG_MS = 30_000

interface Held {
  key: string
  client: CoflowClient
  holders: number
  timer?: ReturnType<typeof setTimeout>
}

const held = new Map<string, Held>()
const heldOf = new WeakMap<CoflowClient, Held>()

/**
 * The client for these options; the same one as long as it lives. Does not connect, and keeps no copy on this device
 * before somebody holds it who wants one. `asker` is a name of who asks.
 */
export function sharedClient(options: CoflowOptions, asker: number): CoflowClient {
  // Rendered on a server: for this one answer, and for nobody else's.
  if (typeof window === 'undefined') return new CoflowClient(options)
  const key = keyOf(options, asker)
  const found = held.get(key)
  if (found !== undefined) return found.client
  const client = new CoflowClient({ ...options, offline: false })
  const entry: Held = { key, client, holders: 0 }
  held.set(key, entry)
  heldOf.set(client, entry)
  endLater(entry, KEEP_LONG_MS)
  return client
}

/** Connects, and keeps it until the function that is returned is called. */
export function holdClient(
  client: CoflowClient,
  { keepsCopy }: { keepsCopy: boolean }
): () => void {
  const entry = heldOf.get(client)
  if (entry === undefined) throw new Error('Only shared clients can be held.')
  entry.holders += 1
  clearTimeout(entry.timer)
  if (keepsCopy) client.keepCopy()
  client.connect()
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    entry.holders -= 1
    if (entry.holders === 0) endLater(entry, KEEP_MS)
  }
}

function endLater(entry: Held, keepMs: number): void {
  const endsAtMs = Date.now() + KEEP_LONG_MS
  const end = () => {
    if (hasMore(entry.client) && Date.now() < endsAtMs) {
      entry.timer = setTimeout(end, KEEP_MS)
    } else {
      held.delete(entry.key)
      entry.client.destroy()
    }
  }
  entry.timer = setTimeout(end, keepMs)
}

/** Edits that are nowhere else, and on their way to the server. */
function hasMore(client: CoflowClient): boolean {
  const { status, unsavedChanges, isStored } = client.connection.get()
  return status !== 'closed' && unsavedChanges > 0 && !isStored
}

function keyOf(options: CoflowOptions, asker: number): string {
  const { workflowId, userId, serverUrl, token, offline } = options
  // A function does not say whose token it gets: it is for its own component alone.
  const isUnknown = typeof token === 'function' && userId === undefined
  const whose = [userId, tokenKey(options), isUnknown ? asker : null]
  return JSON.stringify([workflowId, ...whose, originOf(serverUrl), offline !== false])
}

/**
 * What counts is whose workflow it is: applications make a new token function with every render, and a named user's
 * next token is no reason to let go of what the client has not saved.
 */
export function tokenKey({ userId, token }: Pick<CoflowOptions, 'userId' | 'token'>): string {
  return typeof token === 'string' && userId === undefined ? `token ${token}` : typeof token
}
