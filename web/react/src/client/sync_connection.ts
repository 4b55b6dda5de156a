/** One document on one y-websocket provider, as this server wants it: own presence only, frames counted, retries spread. */

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import {
  messageAwareness,
  messageQueryAwareness,
  messageSync,
  WebsocketProvider
} from 'y-websocket'
import type * as Y from 'yjs'

const MESSAGE_AUTH = 2
const MESSAGE_EVENT = 100
const SYNC_STEP_1 = 0
const FIRST_DELAY_MS = 200
const MAX_DELAY_MS = 5_000

export interface SyncHandlers {
  /** `connected`: the socket is open; `synced`: the document is the server's too. */
  onStatus(status: 'connecting' | 'connected' | 'synced'): void
  /** A connection, or an attempt at one, has ended; without a code by this side or the network. */
  onDisconnected(code: number | null, reason: string): void
  /** A counted frame (sync subtype 1 or 2) was sent. */
  onSent(subtype: number): void
  onEvent(event: ServerEvent): void
  /** The server has asked for our edits, which it asks of those alone who may edit. */
  onAskedForEdits(): void
  /** A final close; the provider does not try again by itself. */
  onClosed(code: number, reason: string): void
}

export interface ServerEvent {
  type: string
  [key: string]: unknown
}

export interface SyncOptions {
  /** ws://…/sync */
  url: string
  workflowId: string
  params: Record<string, string>
  WebSocketPolyfill?: typeof WebSocket | undefined
  random?: () => number
}

export class SyncConnection {
  readonly awareness: Awareness
  readonly #provider: WebsocketProvider
  #isDestroyed = false

  constructor(doc: Y.Doc, options: SyncOptions, handlers: SyncHandlers) {
    this.awareness = new Awareness(doc)
    const provider = new WebsocketProvider(
      options.url,
      encodeURIComponent(options.workflowId),
      doc,
      {
        connect: false,
        awareness: this.awareness,
        params: { ...options.params, events: '1' },
        disableBc: true,
        WebSocketPolyfill: countingSocket(options.WebSocketPolyfill ?? WebSocket, handlers)
      }
    )
    this.#provider = provider
    this.#sendOwnPresenceOnly()
    this.#listen(handlers)
    const random = options.random ?? Math.random
    provider.on('connection-close', () => {
      // The provider waits for the smaller of its own delay, which is the same for everybody, and this.
      provider.maxBackoffTime = spreadDelay(provider.wsUnsuccessfulReconnects, random())
    })
  }

  get isOpen(): boolean {
    const { ws, wsconnected } = this.#provider
    return wsconnected && ws?.readyState === 1
  }

  get isSynced(): boolean {
    return this.#provider.synced
  }

  /** The origin of transactions that apply what the server sent. */
  get origin(): unknown {
    return this.#provider
  }

  setToken(token: string): void {
    this.#provider.params = { ...this.#provider.params, token }
  }

  connect(): void {
    if (!this.#isDestroyed) this.#provider.connect()
  }

  disconnect(): void {
    this.#provider.disconnect()
  }

  /** Without waiting for a dead socket to be noticed. Nothing if it is not to be open. */
  reopen(): void {
    if (!this.#provider.shouldConnect) return
    this.#provider.disconnect()
    this.connect()
  }

  /** Resolves when the socket is closed at the other end too. */
  destroy(): Promise<void> {
    this.#isDestroyed = true
    const { ws } = this.#provider
    const closed = new Promise<void>((resolve) => {
      if (ws === null) resolve()
      else ws.addEventListener('close', () => resolve(), { once: true })
    })
    this.#provider.destroy()
    this.awareness.destroy()
    return closed
  }

  #sendOwnPresenceOnly(): void {
    const provider = this.#provider
    const { awareness } = this
    const ownId = provider.doc.clientID
    const own = () => {
      const encoder = encoding.createEncoder()
      encoding.writeVarUint(encoder, messageAwareness)
      encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(awareness, [ownId]))
      return encoder
    }
    type Changes = Record<'added' | 'updated' | 'removed', number[]>
    awareness.off('update', provider._awarenessUpdateHandler)
    provider._awarenessUpdateHandler = ({ added, updated, removed }: Changes) => {
      if (!this.isOpen || ![...added, ...updated, ...removed].includes(ownId)) return
      provider.ws?.send(encoding.toUint8Array(own()))
    }
    awareness.on('update', provider._awarenessUpdateHandler)
    provider.messageHandlers[messageQueryAwareness] = (encoder) => {
      encoding.writeUint8Array(encoder, encoding.toUint8Array(own()))
    }
  }

  #listen(handlers: SyncHandlers): void {
    const provider = this.#provider
    const stockSync = provider.messageHandlers[messageSync]
    provider.messageHandlers[messageSync] = (encoder, decoder, ...rest) => {
      const isStep1 = decoder.arr[decoder.pos] === SYNC_STEP_1
      stockSync?.(encoder, decoder, ...rest)
      if (isStep1) handlers.onAskedForEdits()
    }
    provider.messageHandlers[MESSAGE_AUTH] = (_encoder, decoder) => {
      // `edit_reverted` says the same, and more.
      decoder.pos = decoder.arr.length
    }
    provider.messageHandlers[MESSAGE_EVENT] = (_encoder, decoder) => {
      handlers.onEvent(JSON.parse(decoding.readVarString(decoder)) as ServerEvent)
    }
    provider.on('status', ({ status }) => {
      if (status !== 'disconnected') handlers.onStatus(status)
    })
    // Unlike the status it also tells of attempts that have failed.
    provider.on('connection-close', (event) => {
      if (!this.#isDestroyed) handlers.onDisconnected(event?.code ?? null, event?.reason ?? '')
    })
    provider.on('sync', (isSynced) => {
      if (isSynced) handlers.onStatus('synced')
    })
    provider.on('closed', ({ code, reason }) => handlers.onClosed(code, reason))
  }
}

/** Exponential, and anywhere in the upper two thirds of that: many clients come back one after the other. */
export function spreadDelay(attempt: number, random: number): number {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 10), MAX_DELAY_MS)
  return longest * (1 / 3 + (random * 2) / 3)
}

function countingSocket(
  Base: typeof WebSocket,
  handlers: Pick<SyncHandlers, 'onSent'>
): typeof WebSocket {
  return class CountingSocket extends Base {
    override send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBuffer>): void {
      super.send(data)
      // Types and subtypes are below 128: one byte each.
      if (data instanceof Uint8Array && data[0] === messageSync && data[1] !== undefined) {
        if (data[1] !== SYNC_STEP_1) handlers.onSent(data[1])
      }
    }
  }
}
