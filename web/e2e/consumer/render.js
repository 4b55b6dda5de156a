/** `src/rendered_bar.tsx` in the built page as a server renders it: with the package as plain Node finds it. */

import { readFile, writeFile } from 'node:fs/promises'
import { CoflowProvider, UndoButtons } from '@coflow/react'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'

const bar = createElement(UndoButtons)
const app = createElement(CoflowProvider, { workflowId: 'rendered', userId: 'ann' }, bar)
const page = await readFile('dist/index.html', 'utf8')
await writeFile(
  'dist/rendered.html',
  page.replace('<div id="root">', `<div id="root">${renderToString(app)}`)
)
