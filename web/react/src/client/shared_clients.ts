/** One client for each workflow and user on a page, for as long as anybody holds it. */

import { originOf } from '../api/origin'
import { CoflowClient, type CoflowOptions } from './coflow_client'

/** So long a client outlives its last holder: React mounts twice in development, and pages move on. */
const KEEP_MS = 1_000
/** A rendering that made one may never be shown, or late. */
const KEEP_UNHELD_MS = 30_000

interface Held {
  client: CoflowClient
  holders: number
  timer?: ReturnType<typeof setTimeout>
}

const held = new Map<string, Held>()

/** The client for these options; the same one as long as it lives. Does not connect. */
export function sharedClient(options: CoflowOptions): CoflowClient {
  // Rendered on a server: for this one answer, and for nobody else's.
  if (typeof window === 'undefined') return new CoflowClient(options)
  const key = keyOf(options)
  const found = held.get(key)
  if (found !== undefined) return found.client
  const client = new CoflowClient(options)
  const entry: Held = { client, holders: 0 }
  held.set(key, entry)
  endLater(key, entry, KEEP_UNHELD_MS)
  return client
}

/** Connects, and keeps it until the function that is returned is called. */
export function holdClient(client: CoflowClient): () => void {
  const key = keyOf(client.options)
  const found = held.get(key)
  const entry = found?.client === client ? found : { client, holders: 0 }
  held.set(key, entry)
  entry.holders += 1
  clearTimeout(entry.timer)
  client.connect()
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    entry.holders -= 1
    if (entry.holders === 0) endLater(key, entry, KEEP_MS)
  }
}

function endLater(key: string, entry: Held, keepMs: number): void {
  entry.timer = setTimeout(() => {
    if (held.get(key) === entry) held.delete(key)
    entry.client.destroy()
  }, keepMs)
}

function keyOf(options: CoflowOptions): string {
  const { workflowId, userId, serverUrl } = options
  return JSON.stringify([workflowId, userId, tokenKey(options), originOf(serverUrl)])
}

/**
 * What counts is whose workflow it is: applications make a new token function with every render, and a named user's
 * next token is no reason to let go of what the client has not saved.
 */
export function tokenKey({ userId, token }: Pick<CoflowOptions, 'userId' | 'token'>): string {
  return typeof token === 'string' && userId === undefined ? `token ${token}` : typeof token
}
