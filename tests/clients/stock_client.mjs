/** One unmodified y-websocket client, and what the tests want to know about it. */
import { createHash } from 'node:crypto'
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'
import * as decoding from 'lib0/decoding'
import { Awareness, removeAwarenessStates } from 'y-protocols/awareness'
import { edit, look } from './edits.mjs'
import { recordingSocketClass } from './recording_socket.mjs'

const EVENT_MESSAGE = 100

const canonical = (value) => {
  if (Array.isArray(value)) return value.map(canonical)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, canonical(value[key])]))
}

/** What passed through one connection; `sent` holds the sync frames that `saved` counts. */
const newConnection = () => ({ in: {}, out: {}, bytes_in: 0, sent: [], saved: 0, close: null })

const count = (counters, kind) => {
  counters[kind] = (counters[kind] ?? 0) + 1
}

export class StockClient {
  constructor ({ url, room, params = {}, clientId, seed, events = false, connect = true,
    awareness = true, disableBc = true }, changed) {
    this.changed = changed
    this.connections = []
    this.bySocket = new Map()
    this.events = []
    this.final = null
    this.departures = []
    this.written = 0
    this.stream = null
    this.doc = new Y.Doc()
    if (clientId !== undefined && clientId !== null) this.doc.clientID = clientId
    if (seed !== undefined && seed !== null) Y.applyUpdate(this.doc, Buffer.from(seed, 'base64'))
    const presence = new Awareness(this.doc)
    if (!awareness) presence.setLocalState(null)
    this.provider = new WebsocketProvider(url, room, this.doc, {
      params: events ? { ...params, events: '1' } : params,
      awareness: presence,
      disableBc,
      connect: false,
      WebSocketPolyfill: recordingSocketClass(this)
    })
    if (events) this.provider.messageHandlers[EVENT_MESSAGE] = this.#takeEvent
    this.provider.on('status', changed)
    this.provider.on('sync', changed)
    this.provider.on('closed', (closed) => { this.final = closed; changed() })
    this.provider.on('connection-error', () => {})
    this.doc.on('update', changed)
    presence.on('update', changed)
    presence.on('change', ({ removed }) => { this.departures.push(...removed) })
    if (connect) this.provider.connect()
  }

  #takeEvent = (_encoder, decoder) => {
    const event = JSON.parse(decoding.readVarString(decoder))
    if (event.type === 'saved') this.connections.at(-1).saved = event.count
    this.events.push(event)
    this.changed()
  }

  // What the recording socket reports.
  opened (socket) {
    const connection = newConnection()
    this.bySocket.set(socket, connection)
    this.connections.push(connection)
  }

  sent (socket, kind) {
    const connection = this.bySocket.get(socket)
    count(connection.out, kind)
    // A step 2 brings everything written so far, an update the last write alone.
    if (kind === 'step2') connection.sent.push({ from: 0, to: this.written })
    if (kind === 'update') connection.sent.push({ from: this.written - 1, to: this.written })
  }

  received (socket, kind, bytes) {
    const connection = this.bySocket.get(socket)
    count(connection.in, kind)
    connection.bytes_in += bytes
    this.changed()
  }

  ended (socket, code, reason) {
    const connection = this.bySocket.get(socket)
    connection.close = { code, reason }
    this.bySocket.delete(socket)
    this.changed()
  }

  edit (operations) {
    this.written += 1
    return edit(this.doc, operations)
  }

  /** Write `path/<i>` = i at a steady rate, each in a transaction of its own, until stopped. */
  startStream (path, ratePerS) {
    const started = performance.now()
    let written = 0
    this.stream = setInterval(() => {
      const due = Math.floor((performance.now() - started) / 1000 * ratePerS)
      for (; written < due; written += 1) {
        this.edit([['set', [...path, String(this.written)], this.written]])
      }
    }, 4)
  }

  stopStream () {
    clearInterval(this.stream)
    this.stream = null
  }

  /** The numbers of the writes that the server has called saved. */
  savedWrites () {
    const saved = new Set()
    for (const connection of this.connections) {
      for (const { from, to } of connection.sent.slice(0, connection.saved)) {
        for (let write = from; write < to; write += 1) saved.add(write)
      }
    }
    return [...saved].sort((a, b) => a - b)
  }

  users () {
    const found = {}
    for (const [clientId, state] of this.provider.awareness.getStates()) {
      const id = state.user?.id
      if (id !== undefined && clientId !== this.doc.clientID) found[id] = { ...state, client_id: clientId }
    }
    return found
  }

  fingerprint () {
    const vector = [...Y.decodeStateVector(Y.encodeStateVector(this.doc))].sort(([a], [b]) => a - b)
    // A root that was only asked for exists on this replica and perhaps on no other.
    const roots = Object.entries(look(this.doc, [])).filter(([, root]) => Object.keys(root).length > 0)
    const text = JSON.stringify([canonical(Object.fromEntries(roots)), vector])
    return createHash('sha256').update(text).digest('hex')
  }

  removeOthersFromAwareness (clientIds) {
    // Exactly what Awareness does itself when its 30 s timer finds a state outdated.
    removeAwarenessStates(this.provider.awareness, clientIds, 'timeout')
  }

  /** The value at a path of the client's view; a condition is a claim about one such value. */
  look (path) {
    const [first, ...rest] = path
    if (first === 'doc') return look(this.doc, rest)
    let at = this.#view(first)
    for (const key of rest) at = at?.[key]
    return at
  }

  #view (name) {
    const latest = this.connections.at(-1) ?? newConnection()
    switch (name) {
      case 'synced': return this.provider.synced
      // Between two attempts the provider's status wavers; connected it is or is not.
      case 'connected': return this.provider.wsconnected
      case 'final': return this.final
      case 'closes': return this.connections.map(({ close }) => close).filter((close) => close)
      case 'connections': return this.connections.length
      case 'saved': return latest.saved
      case 'settled': return latest.saved >= latest.sent.length
      // An editor's connection begins with the answer to the server's step 1.
      case 'at_rest': return this.final !== null ||
        (this.provider.synced && latest.sent.length > 0 && latest.saved >= latest.sent.length)
      case 'in': return latest.in
      case 'out': return latest.out
      case 'bytes_in': return latest.bytes_in
      case 'written': return this.written
      case 'saved_writes': return this.savedWrites()
      case 'events': return this.events
      case 'event_types': return this.events.reduce((all, { type }) => (count(all, type), all), {})
      case 'users': return this.users()
      case 'awareness': return Object.fromEntries(this.provider.awareness.getStates())
      case 'clocks': return Object.fromEntries(
        [...this.provider.awareness.meta].map(([id, { clock }]) => [id, clock]))
      case 'departures': return this.departures
      case 'pending': return this.doc.store.pendingStructs !== null
      case 'fingerprint': return this.fingerprint()
      default: throw new Error(`a client has no ${name}`)
    }
  }

  /** What a failing wait prints. */
  summary () {
    const names = ['connected', 'synced', 'connections', 'closes', 'saved', 'in', 'out', 'users', 'pending']
    return Object.fromEntries(names.map((name) => [name, this.#view(name)]))
  }

  destroy () {
    this.stopStream()
    this.provider.destroy()
    this.provider.awareness.destroy()
    this.doc.destroy()
    for (const socket of this.bySocket.keys()) socket.terminate()
  }
}
