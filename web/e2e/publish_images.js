/**
 * Copy screenshots of the browser tests to docs/images: `npm run images -- NAME…`, or without names
 * those that are there already. By hand, as pictures differ a little each time they are taken.
 */

import console from 'node:console'
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import process from 'node:process'

const taken = join(import.meta.dirname, 'screenshots')
const images = resolve(import.meta.dirname, '../../docs/images')

mkdirSync(images, { recursive: true })
const given = process.argv.slice(2)
const present = readdirSync(images).filter((name) => name.endsWith('.png'))
const names = given.length > 0 ? given : present.map((name) => basename(name, '.png'))
for (const name of names) {
  const source = join(taken, `${name}.png`)
  if (!existsSync(source)) throw new Error(`no test has taken ${source}`)
  copyFileSync(source, join(images, `${name}.png`))
  console.log(`docs/images/${name}.png`)
}
