/** Fresh Vite applications in folders of their own, which have the package as npm packs it. */

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import { REPOSITORY, WEB_FOLDER } from './paths'
import { freePort } from './ports'

const INSTALLED_WITHIN_MS = 180_000
const BUILT_WITHIN_MS = 120_000
const QUIET = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']

interface ConsumerOptions {
  /** Of the package, as `pack` makes it. */
  tarball: string
  /** What it has instead of its package.json's, such as `react@18`. */
  packages?: readonly string[]
}

/** The path of the package as npm packs it into `folder`. */
export async function pack(folder: string): Promise<string> {
  const words = ['pack', '--workspace', '@coflow/react', '--pack-destination', folder]
  await run('npm', words, { folder: WEB_FOLDER, withinMs: BUILT_WITHIN_MS })
  const [name = ''] = await readdir(folder)
  return join(folder, name)
}

export class Consumer {
  readonly origin: string
  readonly #process: ChildProcess
  readonly #folder: string

  private constructor(origin: string, process: ChildProcess, folder: string) {
    this.origin = origin
    this.#process = process
    this.#folder = folder
  }

  /** Installed, type-checked with the documentation's examples, built and served; coflow is at `coflowUrl`. */
  static async start(
    coflowUrl: string,
    { tarball, packages = [] }: ConsumerOptions
  ): Promise<Consumer> {
    const folder = await mkdtemp(join(tmpdir(), 'coflow-consumer-'))
    await cp(`${WEB_FOLDER}/e2e/consumer`, folder, { recursive: true })
    await run('npm', ['install', '--prefer-offline', ...QUIET, tarball, ...packages], {
      folder,
      withinMs: INSTALLED_WITHIN_MS
    })
    await writeExamples(`${folder}/src/examples`)
    await run('npx', ['tsc'], { folder, withinMs: BUILT_WITHIN_MS })
    await run('npx', ['vite', 'build', '--logLevel', 'warn'], {
      folder,
      withinMs: BUILT_WITHIN_MS,
      // React then says more, and mounts everything twice in StrictMode.
      env: { NODE_ENV: 'development' }
    })

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

  /** What a command prints in the application's folder. Throws unless it succeeds. */
  async run(command: string, ...words: string[]): Promise<string> {
    return run(command, words, { folder: this.#folder, withinMs: BUILT_WITHIN_MS })
  }

  async dispose(): Promise<void> {
    this.#process.kill('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** The examples that are whole modules, for the application's type check. */
async function writeExamples(folder: string): Promise<void> {
  await mkdir(folder)
  for (const path of ['web/react/README.md', 'docs/react.md']) {
    const text = await readFile(`${REPOSITORY}/${path}`, 'utf8')
    for (const [number, [, code = '']] of [
      ...text.matchAll(/```tsx\n(import .*?)```/gs)
    ].entries()) {
      await writeFile(`${folder}/${path.replace(/\W/g, '_')}_${number}.tsx`, code)
    }
  }
}

async function run(
  command: string,
  words: string[],
  { folder, withinMs, env }: { folder: string; withinMs: number; env?: NodeJS.ProcessEnv }
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, words, {
      cwd: folder,
      timeout: withinMs,
      env: { ...process.env, ...env }
    })
    return stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${words.join(' ')}\n${stdout ?? ''}\n${stderr ?? ''}`, {
      cause: error
    })
  }
}
