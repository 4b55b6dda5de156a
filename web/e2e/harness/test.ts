/** `test` for the browser: with a server, a Chromium, and pages that are closed and checked after it. */

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect, test as base } from 'vitest'
import { launchBrowser, newPage, newTab, problems } from './browser'
import { SCREENSHOTS } from './paths'
import { Server, type ServerOptions } from './server'
import { Wire } from './wire'

interface Opened {
  pages: Page[]
  servers: Server[]
  wires: Wire[]
}

export interface Fixtures {
  /** What ends with the test. */
  opened: Opened
  /** Another person's browser: a page with storage of its own. */
  openPage: (options?: BrowserContextOptions) => Promise<Page>
  /** Another tab of that page's person. */
  openTab: (page: Page) => Promise<Page>
  /** A server for this test alone, such as one that will be killed. */
  startServer: (options?: ServerOptions) => Promise<Server>
  /** One person's way to a server, which can be cut. */
  openWire: (server: Server) => Promise<Wire>
}

export interface FileFixtures {
  browser: Browser
  /** In dev mode, open to all; shared by the tests of a file, which name workflows of their own. */
  server: Server
}

export const test = base.extend<{ $test: Fixtures; $file: FileFixtures }>({
  browser: [
    async ({}, provide) => {
      const browser = await launchBrowser()
      await provide(browser)
      await browser.close()
    },
    { scope: 'file' }
  ],
  server: [
    async ({}, provide) => {
      const server = await Server.start()
      await provide(server)
      await server.dispose()
    },
    { scope: 'file' }
  ],
  opened: async ({ task }, provide) => {
    const opened: Opened = { pages: [], servers: [], wires: [] }
    await provide(opened)
    const { pages, servers, wires } = opened
    const tabs = pages.flatMap((page) => page.context().pages())
    const found = tabs.flatMap((page) => problems(page))
    // What a failed test was looking at says more than its message.
    const hasFailed = task.result?.state === 'fail'
    if (hasFailed) await keepPictures(task.name, tabs)
    const seen = hasFailed ? await seenOn(tabs) : []
    // The pages first: they would complain about a server that goes.
    await Promise.all(pages.map((page) => page.context().close()))
    await Promise.all(wires.map((wire) => wire.dispose()))
    await Promise.all(servers.map((server) => server.dispose()))
    expect(found, 'errors in the browser').toEqual([])
    // CI keeps no pictures.
    if (hasFailed) throw new Error(`the pages of the failed test showed\n${seen.join('\n')}`)
  },
  openPage: async ({ browser, opened }, provide) => {
    await provide(async (options = {}) => {
      const page = await newPage(browser, options)
      opened.pages.push(page)
      return page
    })
  },
  openTab: async ({}, provide) => {
    await provide(newTab)
  },
  startServer: async ({ opened }, provide) => {
    await provide(async (options = {}) => {
      const server = await Server.start(options)
      opened.servers.push(server)
      return server
    })
  },
  openWire: async ({ opened }, provide) => {
    await provide(async (server) => {
      const wire = await Wire.to(server)
      opened.wires.push(wire)
      return wire
    })
  }
})

async function keepPictures(name: string, pages: Page[]): Promise<void> {
  for (const [number, page] of pages.entries()) {
    if (page.isClosed()) continue
    const path = `${SCREENSHOTS}/failed/${name.replace(/[^\w]+/g, '-').slice(0, 80)}-${number + 1}.png`
    await page.screenshot({ path, timeout: 5_000 }).catch(() => undefined)
  }
}

async function seenOn(pages: Page[]): Promise<string[]> {
  const texts = pages.map(async (page) => {
    const text = await page
      .locator('body')
      .innerText({ timeout: 5_000 })
      .catch((error: unknown) => String(error))
    return `${page.url()}: ${text.replace(/\s+/g, ' ').slice(0, 1_000)}`
  })
  return Promise.all(texts)
}

export { expect }
