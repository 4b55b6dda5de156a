/** Beside each text that the build writes, the same compressed: the server gives it to who takes it. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const IS_TEXT = /\.(css|js|svg)$/
const WORTH_IT_BYTES = 1024

export function compress(): Plugin {
  return {
    name: 'coflow-compress',
    apply: 'build',
    writeBundle({ dir = '' }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!IS_TEXT.test(name)) continue
        const written = readFileSync(join(dir, name))
        if (written.length < WORTH_IT_BYTES) continue
        writeFileSync(join(dir, `${name}.gz`), gzipSync(written, { level: 9 }))
      }
    }
  }
}
