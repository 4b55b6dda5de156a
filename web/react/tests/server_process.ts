/** A real server process on a free port with a database of its own. */

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../e2e/harness/ports'
import { until } from './until'

const REPOSITORY = resolve(import.meta.dirname, '../../..')
const PYTHON = process.env.COFLOW_PYTHON ?? join(REPOSITORY, '.venv/bin/python')
const SECRET = 'a-secret-of-the-tests-that-is-long-enough'

export class ServerProcess {
  readonly url: string
  readonly #port: number
  readonly #directory: string
  readonly #settings: Readonly<Record<string, string>>
  #child: ChildProcess | null = null
  #log = ''

  private constructor(port: number, directory: string, settings: Record<string, string>) {
    this.#port = port
    this.#directory = directory
    this.#settings = settings
    this.url = `http://127.0.0.1:${port}`
  }

  /** Dev mode and open to all, unless the settings (without `COFLOW_`) say otherwise. */
  static async start(settings: Record<string, string> = {}): Promise<ServerProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'coflow-react-'))
    const server = new ServerProcess(await freePort(), directory, settings)
    await server.start()
    return server
  }

  async start(): Promise<void> {
    const child = spawn(PYTHON, ['-m', 'server.cli', 'serve'], {
      cwd: REPOSITORY,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe']
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part: Buffer) => (this.#log += part.toString()))
    }
    await until(
      async () => {
        if (child.exitCode !== null) throw new Error(`The server ended:\n${this.#log}`)
        return fetch(`${this.url}/readyz`).then(
          (answer) => answer.ok,
          () => false
        )
      },
      'the server is ready',
      30_000
    )
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  async stop(): Promise<void> {
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** A token that a server of the mode `jwt` accepts. */
  async token(sub: string, ...args: string[]): Promise<string> {
    const command = ['-m', 'server.cli', 'token', sub, ...args]
    const options = { cwd: REPOSITORY, env: this.#environment() }
    return (await promisify(execFile)(PYTHON, command, options)).stdout.trim()
  }

  #environment(): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('COFLOW_') && name !== 'PORT' && name !== 'DATABASE_URL'
    )
    const defaults = { AUTH_MODE: 'dev', DEV_OPEN: '1', JWT_SECRET: SECRET }
    return {
      ...Object.fromEntries(inherited),
      PORT: String(this.#port),
      DATABASE_URL: `sqlite+aiosqlite:///${this.#directory}/coflow.db`,
      ...Object.fromEntries(
        Object.entries({ ...defaults, ...this.#settings }).map(([name, value]) => [
          `COFLOW_${name}`,
          value
        ])
      )
    }
  }
}
