/**
 * The declarations of a build as Node's resolution wants them: with the extensions of the files that they name. Style
 * sheets are built into one, so that none of those that they import is there.
 */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'dist')
const STYLE_SHEET = /^import '[^']+\.css';\n/gm
const RELATIVE = /(from |import\()(['"])(\.{1,2}\/[^'"]+)\2/g

const names = await readdir(FOLDER, { recursive: true })
await Promise.all(
  names
    .filter((name) => name.endsWith('.d.ts'))
    .map(async (name) => {
      const path = join(FOLDER, name)
      const text = await readFile(path, 'utf8')
      await writeFile(path, text.replace(STYLE_SHEET, '').replace(RELATIVE, '$1$2$3.js$2'))
    })
)
