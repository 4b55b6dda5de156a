/** What has to be there before any test: the built editor, which the server serves. */

import { existsSync } from 'node:fs'
import { EDITOR_FOLDER } from './paths'

export default function setup(): void {
  if (!existsSync(`${EDITOR_FOLDER}/index.html`)) {
    throw new Error('the editor is not built: run scripts/test-web, or npm run build in web/')
  }
}
