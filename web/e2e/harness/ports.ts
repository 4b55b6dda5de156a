/** Ports for the servers of tests: none is taken while a server starts, or is down for a moment. */

import { createServer } from 'node:net'

/** Below those that Linux gives to connections, which begin at 32768, and above Python's tests. */
const FIRST = 26_000
const WORKERS = 4
const SHARE = 1_500

const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS
/** Not from the start of a share: another run on this machine may be at it. */
let next = Math.floor(Math.random() * SHARE)

/** A port that this worker has not used, and that no other worker of this run will. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < SHARE; tries++) {
    const port = FIRST + worker * SHARE + (next++ % SHARE)
    if (await isFree(port)) return port
  }
  throw new Error(`all ${SHARE} ports of this worker are taken`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
