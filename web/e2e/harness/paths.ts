/** Where things are in the checkout. */

import { resolve } from 'node:path'

export const REPOSITORY = resolve(import.meta.dirname, '../../..')
export const WEB_FOLDER = `${REPOSITORY}/web`
export const EDITOR_FOLDER = `${REPOSITORY}/server/editor`
/** The command line of this checkout, as scripts/test has made it. */
export const COFLOW = `${REPOSITORY}/.venv/bin/coflow`
export const PYTHON = `${REPOSITORY}/.venv/bin/python`
export const SCREENSHOTS = `${WEB_FOLDER}/e2e/screenshots`
