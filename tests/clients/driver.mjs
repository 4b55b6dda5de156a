/**
 * Hosts any number of clients in one Node process, told what to do by JSON lines on stdin.
 *
 * A request is `{"id", "do", ...}`; its answer on stdout is `{"id", "ok"}` or `{"id", "error"}`.
 * Requests run side by side: a wait does not hold up the ones behind it.
 */
import { createInterface } from 'node:readline'
import * as Y from 'yjs'
import { RawSocket } from './raw_socket.mjs'
import { StockClient } from './stock_client.mjs'

const clients = new Map()
const waits = new Set()
let checking = false

/** Look at every wait once more, after what is happening now has had all its effects. */
const changed = () => {
  if (checking || waits.size === 0) return
  checking = true
  setImmediate(() => {
    checking = false
    for (const check of [...waits]) check()
  })
}

const same = (a, b) => {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  const keys = Object.keys(a)
  return Array.isArray(a) === Array.isArray(b) && keys.length === Object.keys(b).length &&
    keys.every((key) => same(a[key], b[key]))
}

const CLAIMS = {
  '==': (value, wanted) => same(value, wanted),
  '!=': (value, wanted) => !same(value, wanted),
  '>=': (value, wanted) => (value ?? 0) >= wanted,
  exists: (value, wanted) => (value !== undefined && value !== null) === wanted
}

const waitUntil = (holds, timeoutMs, describe) =>
  new Promise((resolve, reject) => {
    const finish = (settle, value) => {
      clearTimeout(timer)
      waits.delete(check)
      settle(value)
    }
    const check = () => {
      try {
        if (holds()) finish(resolve, true)
      } catch (error) {
        finish(reject, error)
      }
    }
    const timer = setTimeout(() => finish(reject, new Error(describe())), timeoutMs)
    waits.add(check)
    check()
  })

const client = (name) => {
  const found = clients.get(name)
  if (found === undefined) throw new Error(`no client ${name}`)
  return found
}

const bytes = (array) => Buffer.from(array).toString('base64')

const COMMANDS = {
  open: ({ name, ...options }) => {
    clients.set(name, new StockClient(options, changed))
    return client(name).doc.clientID
  },
  open_raw: ({ name, ...options }) => { clients.set(name, new RawSocket(options, changed)) },
  send: ({ name, data }) => client(name).send(data),
  close: ({ name }) => {
    client(name).destroy()
    clients.delete(name)
  },
  connect: ({ name }) => client(name).provider.connect(),
  disconnect: ({ name }) => client(name).provider.disconnect(),
  // As when the network goes: no closing handshake, and the provider reconnects by itself.
  cut: ({ name }) => client(name).provider.ws?.terminate(),
  ping: ({ name }) => new Promise((resolve) => {
    const ws = client(name).provider.ws
    if (ws === null) return resolve()
    ws.once('pong', () => resolve())
    ws.once('close', () => resolve())
    ws.ping()
  }),
  edit: ({ name, operations }) => client(name).edit(operations),
  set_awareness: ({ name, field, value }) =>
    client(name).provider.awareness.setLocalStateField(field, value),
  drop_awareness: ({ name }) => client(name).provider.awareness.setLocalState(null),
  forget: ({ name, client_ids: ids }) => client(name).removeOthersFromAwareness(ids),
  look: ({ name, path }) => client(name).look(path),
  state_vector: ({ name }) => bytes(Y.encodeStateVector(client(name).doc)),
  update: ({ name, since }) => bytes(
    Y.encodeStateAsUpdate(client(name).doc, since ? Buffer.from(since, 'base64') : undefined)),
  start_stream: ({ name, path, rate_per_s: rate }) => client(name).startStream(path, rate),
  stop_stream: ({ name }) => client(name).stopStream(),
  until: ({ name, claims, timeout_ms: timeoutMs }) => {
    const target = client(name)
    const failing = () => claims.filter(([path, claim, wanted]) =>
      !CLAIMS[claim](target.look(path), wanted))
    return waitUntil(() => failing().length === 0, timeoutMs, () => {
      const unmet = failing().map(([path, claim, wanted]) =>
        `${path.join('.')} ${claim} ${JSON.stringify(wanted)}, is ${JSON.stringify(target.look(path))}`)
      return `${name} after ${timeoutMs} ms: ${unmet.join('; ')} | ${JSON.stringify(target.summary())}`
    })
  },
  converge: ({ names, timeout_ms: timeoutMs }) => {
    const prints = () => names.map((name) => client(name).fingerprint())
    return waitUntil(() => new Set(prints()).size === 1, timeoutMs, () => {
      const rows = names.map((name) => `${name} ${JSON.stringify(client(name).summary())}`)
      return `not equal after ${timeoutMs} ms: ${prints()} | ${rows.join(' | ')}`
    })
  }
}

const answer = (message) => process.stdout.write(JSON.stringify(message) + '\n')

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const { id, do: command, ...rest } = JSON.parse(line)
    try {
      const ok = await COMMANDS[command](rest)
      answer({ id, ok: ok ?? null })
    } catch (error) {
      answer({ id, error: error.message })
    }
  })
  .on('close', () => process.exit(0))
