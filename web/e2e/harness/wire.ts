/** One person's wire to the server: the browser goes through it, and it can be cut for that one alone. */

import {
  createServer,
  request,
  type IncomingMessage,
  type Server as Listener,
  type ServerResponse
} from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Server } from './server'

/** What Chromium says on its console of a server that is not there, or of sockets that are refused. */
export const NETWORK =
  /ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET|ERR_INTERNET_DISCONNECTED|WebSocket connection to/

// A browser's own offline mode leaves open WebSockets as they are.
export class Wire {
  readonly #server: Server
  readonly #listener: Listener
  readonly #sockets = new Set<Duplex>()
  readonly #upgraded = new Set<Duplex>()
  #passes: 'all' | 'all but sockets' | 'pages' | 'none' = 'all'
  #isFrozen = false

  private constructor(server: Server) {
    this.#server = server
    this.#listener = createServer((asked, answer) => this.#carry(asked, answer))
    this.#listener.on('connection', (socket: Socket) => this.#keep(socket))
    this.#listener.on('upgrade', (asked, socket) => this.#carrySocket(asked, socket))
  }

  static async to(server: Server): Promise<Wire> {
    const wire = new Wire(server)
    await new Promise<void>((resolve, reject) => {
      wire.#listener.once('error', reject)
      wire.#listener.listen(0, '127.0.0.1', resolve)
    })
    return wire
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`
  }

  /**
   * Nothing that is under way arrives, and nothing new gets through; but for the page and its assets
   * if `pages` still come, as from a host application that keeps them on the device.
   */
  cut({ pages = false } = {}): void {
    this.#passes = pages ? 'pages' : 'none'
    for (const socket of this.#sockets) socket.destroy()
  }

  /** As behind a proxy that knows no WebSockets: REST and pages get through, those that are open end. */
  refuseSockets(): void {
    this.#passes = 'all but sockets'
    for (const socket of this.#upgraded) socket.destroy()
  }

  /**
   * The network is gone without a word: neither side is told, and nothing arrives any more; but for the
   * page and its assets if `pages` still come.
   */
  freeze({ pages = false } = {}): void {
    this.#isFrozen = true
    this.#passes = pages ? 'pages' : 'none'
    for (const socket of this.#upgraded) socket.unpipe().pause()
  }

  /** For what begins from now on. */
  mend(): void {
    this.#passes = 'all'
    this.#isFrozen = false
  }

  async dispose(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#listener.close(resolve))
  }

  #isCutFor({ url = '/' }: IncomingMessage): boolean {
    if (this.#passes === 'pages') return /^\/(api|sync)\//.test(url)
    return this.#passes === 'none'
  }

  #carry(asked: IncomingMessage, answer: ServerResponse): void {
    if (this.#isCutFor(asked)) {
      if (!this.#isFrozen) asked.socket.destroy()
      return
    }
    const { method, url, headers } = asked
    const onward = request({
      host: '127.0.0.1',
      port: this.#server.port,
      method,
      path: url,
      headers
    })
    onward.on('response', (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers)
      given.on('error', () => answer.destroy()).pipe(answer)
    })
    onward.on('error', () => asked.socket.destroy())
    asked.pipe(onward)
  }

  #carrySocket(asked: IncomingMessage, socket: Duplex): void {
    if (this.#isFrozen) return
    if (this.#isCutFor(asked) || this.#passes === 'all but sockets') {
      socket.destroy()
      return
    }
    const onward = connect(this.#server.port, '127.0.0.1')
    this.#keep(onward)
    const names = asked.rawHeaders.filter((_each, index) => index % 2 === 0)
    const lines = names.map((name, index) => `${name}: ${asked.rawHeaders[2 * index + 1] ?? ''}`)
    onward.write(`GET ${asked.url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    onward.pipe(socket).pipe(onward)
    for (const [end, other] of [
      [onward, socket],
      [socket, onward]
    ] as const) {
      this.#upgraded.add(end)
      end.on('close', () => {
        this.#upgraded.delete(end)
        other.destroy()
      })
    }
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
