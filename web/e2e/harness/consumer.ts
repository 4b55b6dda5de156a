/** A fresh Vite application in a folder of its own, which has the package as npm packs it. */

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import { WEB_FOLDER } from './paths'
import { freePort } from './ports'

const INSTALLED_WITHIN_MS = 180_000
const BUILT_WITHIN_MS = 120_000
const QUIET = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']

export class Consumer {
  readonly origin: string
  readonly #process: ChildProcess
  readonly #folder: string

  private constructor(origin: string, process: ChildProcess, folder: string) {
    this.origin = origin
    this.#process = process
    this.#folder = folder
  }

  /** Packed, installed, type-checked, built and served; coflow is at `coflowUrl`. */
  static async start(coflowUrl: string): Promise<Consumer> {
    const folder = await mkdtemp(join(tmpdir(), 'coflow-consumer-'))
    await run('npm', ['pack', '--workspace', '@coflow/react', '--pack-destination', folder], {
      folder: WEB_FOLDER,
      withinMs: BUILT_WITHIN_MS
    })
    await cp(`${WEB_FOLDER}/e2e/consumer`, folder, { recursive: true })
    const packed = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
    await run(
      'npm',
      ['install', '--prefer-offline', ...QUIET, ...packed.map((tgz) => `./${tgz}`)],
      {
        folder,
        withinMs: INSTALLED_WITHIN_MS
      }
    )
    await run('npx', ['tsc'], { folder, withinMs: BUILT_WITHIN_MS })
    await run('npx', ['vite', 'build', '--logLevel', 'warn'], { folder, withinMs: BUILT_WITHIN_MS })

    const port = await freePort()
    const server = spawn(
      process.execPath,
      [
        'node_modules/vite/bin/vite.js',
        'preview',
        '--host',
        '127.0.0.1',
        '--strictPort',
        '--port',
        `${port}`
      ],
      { cwd: folder, env: { ...process.env, COFLOW_URL: coflowUrl }, stdio: 'ignore' }
    )
    process.once('exit', () => server.kill('SIGKILL'))
    const origin = `http://127.0.0.1:${port}`
    await vi.waitFor(() => fetch(origin), { timeout: 30_000, interval: 50 })
    return new Consumer(origin, server, folder)
  }

  async dispose(): Promise<void> {
    this.#process.kill('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function run(
  command: string,
  words: string[],
  { folder, withinMs }: { folder: string; withinMs: number }
): Promise<void> {
  try {
    await promisify(execFile)(command, words, { cwd: folder, timeout: withinMs })
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${words.join(' ')}\n${stdout ?? ''}\n${stderr ?? ''}`, {
      cause: error
    })
  }
}
