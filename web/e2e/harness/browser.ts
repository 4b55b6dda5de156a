/** Chromium, as it is on this machine, and pages whose errors fail their test. */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
/** Generous: beside the other tests two cores are slow. */
const ACTION_WITHIN_MS = 30_000

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath(),
    // Containers give no namespaces to root, and little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
    timeout: 30_000
  })
}

function browserPath(): string {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // Not there: the next one.
      }
    }
  }
  throw new Error(`none of ${NAMES.join(', ')} is on PATH`)
}

const problemsOf = new WeakMap<Page, string[]>()
const allowedOf = new WeakMap<Page, RegExp[]>()

/** A page in a context of its own: another person, with other storage. */
export async function newPage(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    ...options
  })
  context.setDefaultTimeout(ACTION_WITHIN_MS)
  const page = await context.newPage()
  watch(page)
  return page
}

/** Another tab of the same person. */
export async function newTab(page: Page): Promise<Page> {
  const tab = await page.context().newPage()
  watch(tab)
  return tab
}

/** From its next load on the page is in a window whose browser keeps nothing, nor says what it has kept. */
export async function withoutStorage(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const refuse = () => new DOMException('No storage here.', 'SecurityError')
    indexedDB.open = () => {
      throw refuse()
    }
    indexedDB.databases = () => Promise.reject(refuse())
  })
}

/** From now on such errors of the page are what the test is about. */
export function allowProblems(page: Page, pattern: RegExp): void {
  allowedOf.get(page)?.push(pattern)
}

/** Errors on the console, uncaught ones, and violations of the security policy so far. */
export function problems(page: Page): readonly string[] {
  const allowed = allowedOf.get(page) ?? []
  return (problemsOf.get(page) ?? []).filter(
    (problem) => !allowed.some((pattern) => pattern.test(problem))
  )
}

function watch(page: Page): void {
  const found: string[] = []
  problemsOf.set(page, found)
  allowedOf.set(page, [])
  page.on('console', (message) => {
    if (message.type() === 'error') found.push(`${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => found.push(error.stack ?? error.message))
  page.on('crash', () => found.push('the page crashed'))
}
