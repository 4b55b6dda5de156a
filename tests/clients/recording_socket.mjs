/**
 * A WebSocket that behaves as `ws` does and keeps count of what passes through it.
 *
 * y-websocket takes its WebSocket class as an option, so the npm packages stay as published.
 */
import WebSocket from 'ws'
import * as decoding from 'lib0/decoding'

const NAMES = { 1: 'awareness', 2: 'auth', 3: 'query_awareness', 100: 'event' }
const SYNC_NAMES = { 0: 'step1', 1: 'step2', 2: 'update' }

/** The kind of a y-websocket frame, as the tests name it. */
export const kindOf = (data) => {
  const decoder = decoding.createDecoder(new Uint8Array(data))
  const type = decoding.readVarUint(decoder)
  if (type !== 0) return NAMES[type] ?? `type_${type}`
  const subtype = decoding.readVarUint(decoder)
  return SYNC_NAMES[subtype] ?? `sync_${subtype}`
}

/**
 * A WebSocket class whose sockets report to `observer`: opened(socket), sent(socket, kind),
 * received(socket, kind, bytes) and ended(socket, code, reason).
 */
export const recordingSocketClass = (observer) =>
  class RecordingSocket extends WebSocket {
    constructor (url, protocols) {
      super(url, protocols, { perMessageDeflate: false })
      observer.opened(this)
      // Registered before the provider's own handlers, so that a count is never behind the effect.
      this.on('message', (data) => observer.received(this, kindOf(data), data.length))
      this.on('close', (code, reason) => observer.ended(this, code, reason.toString()))
    }

    send (data, ...rest) {
      observer.sent(this, kindOf(data))
      super.send(data, ...rest)
    }
  }
