/** Real `coflow serve` processes, each on a database and a port that outlive a kill. */

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import { COFLOW, PYTHON, REPOSITORY } from './paths'
import { freePort } from './ports'

const READY_WITHIN_MS = 60_000
const GONE_WITHIN_MS = 15_000
const JWT_SECRET = 'a-secret-for-tests-that-is-long-enough'
const SECRET = 'a-secret-for-share-links-long-enough'

const MINT_AGED = `
import sys
from datetime import UTC, datetime, timedelta
import jwt
from server.core.guests import GuestTokens
from server.core.settings import Settings
claims = jwt.decode(sys.argv[1], options={"verify_signature": False})
came_at = datetime.now(UTC) - timedelta(seconds=float(sys.argv[2]))
tokens = GuestTokens.of(Settings())
print(tokens.mint(claims["sub"], claims["name"], share=claims["share"], now=came_at, ends_at=None))
`

export interface ServerOptions {
  /** `dev`: whoever asks is whom they name, and may edit. `jwt`: by tokens. Default: dev. */
  auth?: 'dev' | 'jwt' | undefined
  /** More settings, as environment variables. */
  settings?: Record<string, string> | undefined
}

export interface TokenOptions {
  name?: string
  /** Roles by workflow id, or by its beginning with a `*`. */
  workflows?: Record<string, 'viewer' | 'commenter' | 'editor' | 'owner'>
  /** `90s`, `15m`, `1h`. */
  expiresIn?: string
}

export class Server {
  readonly auth: 'dev' | 'jwt'
  readonly port: number
  readonly #folder: string
  readonly #settings: Record<string, string>
  #process: ChildProcess | null = null

  private constructor(options: ServerOptions, port: number, folder: string) {
    this.auth = options.auth ?? 'dev'
    this.port = port
    this.#folder = folder
    this.#settings = options.settings ?? {}
  }

  /** Resolves once it is ready. */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'coflow-e2e-'))
    const server = new Server(options, await freePort(), folder)
    await server.start()
    return server
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** All that it has said over all its starts. */
  log(): string {
    return readFileSync(this.#logPath, 'utf8')
  }

  /** Again, on the same port and database. */
  async start(): Promise<void> {
    const log = openSync(this.#logPath, 'a')
    const child = spawn(COFLOW, ['serve'], {
      cwd: REPOSITORY,
      env: this.#environment(),
      stdio: ['ignore', log, log]
    })
    closeSync(log)
    this.#process = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    await vi.waitFor(
      async () => {
        if (hasEnded(child)) return
        const ready = await fetch(`${this.origin}/readyz`, { signal: AbortSignal.timeout(2_000) })
        if (!ready.ok) throw new Error(`/readyz answers ${ready.status}`)
      },
      { timeout: READY_WITHIN_MS, interval: 50 }
    )
    if (hasEnded(child)) throw new Error(`the server did not start:\n${this.log().slice(-4_000)}`)
  }

  /** SIGKILL: nothing of it gets another turn. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, as an operator stops it. */
  async terminate(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** For the end of a test: it is gone with its data. Fails if it logged an error. */
  async dispose(): Promise<void> {
    await this.kill()
    const log = this.log()
    await rm(this.#folder, { recursive: true, force: true })
    if (log.includes('Traceback')) throw new Error(`the server logged an error:\n${log}`)
  }

  /** A token of the operator's: `coflow token`. */
  async token(user: string, options: TokenOptions = {}): Promise<string> {
    const grants = Object.entries(options.workflows ?? {})
    const { stdout } = await promisify(execFile)(
      COFLOW,
      [
        'token',
        user,
        ...(options.name === undefined ? [] : ['--name', options.name]),
        ...(options.expiresIn === undefined ? [] : ['--expires-in', options.expiresIn]),
        ...grants.flatMap(([id, role]) => ['--workflow', `${id}=${role}`])
      ],
      { env: this.#environment(), timeout: 20_000 }
    )
    return stdout.trim()
  }

  /** The token that the guest whose `token` it is would have got so many seconds ago. */
  async agedGuestToken(token: string, ageS: number): Promise<string> {
    const { stdout } = await promisify(execFile)(PYTHON, ['-c', MINT_AGED, token, `${ageS}`], {
      cwd: REPOSITORY,
      env: this.#environment(),
      timeout: 20_000
    })
    return stdout.trim()
  }

  /** A REST call as somebody: by name in dev mode, by a token otherwise. Throws unless it succeeds. */
  async request(
    method: string,
    path: string,
    { user, token, body }: { user?: string; token?: string; body?: unknown } = {}
  ): Promise<unknown> {
    const url = new URL(path, this.origin)
    if (user !== undefined) url.searchParams.set('user_id', user)
    const answer = await fetch(url, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' })
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(15_000)
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }

  get #logPath(): string {
    return join(this.#folder, 'server.log')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === null || hasEnded(child)) return
    child.kill(signal)
    await vi.waitUntil(() => hasEnded(child), { timeout: GONE_WITHIN_MS, interval: 20 })
  }

  #environment(): NodeJS.ProcessEnv {
    // What a developer has exported must not change what a test means.
    const inherited = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('COFLOW_') && name !== 'PYTHONDONTWRITEBYTECODE'
    )
    return {
      ...Object.fromEntries(inherited),
      PORT: String(this.port),
      DATABASE_URL: `sqlite+aiosqlite:///${join(this.#folder, 'coflow.db')}`,
      COFLOW_SECRET: SECRET,
      COFLOW_AUTH_MODE: this.auth,
      ...(this.auth === 'dev' ? { COFLOW_DEV_OPEN: '1' } : { COFLOW_JWT_SECRET: JWT_SECRET }),
      ...this.#settings
    }
  }
}

/** Ended with this process, should a test be broken off. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
