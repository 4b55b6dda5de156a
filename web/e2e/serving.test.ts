/** The server's pages in a real browser: all of the editor loads, under its security policy. */

import type { Page } from 'playwright-core'
import { describe } from 'vitest'
import { allowProblems } from './harness/browser'
import { node, TWO_STEPS } from './harness/canvas'
import { createWorkflow, openList } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import { expect, test } from './harness/test'
import { NETWORK } from './harness/wire'

const PAGES = ['/', '/w/serving', '/share/no-such-link']

describe('the pages', () => {
  test.for(PAGES)(
    '%s is the editor, and violates no policy',
    async (path, { server, openPage }) => {
      if (path.startsWith('/w/')) await createWorkflow(server, { user: 'ann', id: 'serving' })
      const page = await openPage()
      const policies: (string | undefined)[] = []
      page.on('response', (answer) => {
        if (answer.request().resourceType() === 'document') {
          policies.push(answer.headers()['content-security-policy'])
        }
      })

      allowProblems(page, /404 \(Not Found\).*no-such-link/)
      await page.goto(`${server.origin}${path}?user_id=ann`)
      await page.getByRole('heading', { level: 1 }).waitFor()

      expect(policies).toEqual([expect.stringContaining("script-src 'self'")])
    }
  )

  test('an address where nothing is says so, and leads to the list', async ({
    server,
    openPage
  }) => {
    const page = await openPage()
    allowProblems(page, /404 \(Not Found\)/)
    for (const path of ['/nopage', '/w/a/b']) {
      const answer = await page.goto(`${server.origin}${path}?user_id=ann`)
      expect(answer?.status()).toBe(404)
      await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
    }
    await takeScreenshot(page, 'nothing-here')
    await page.getByRole('link', { name: 'All workflows' }).click()
    await page.getByRole('heading', { name: 'Workflows' }).waitFor()
  })

  test('a reload fetches no asset again', async ({ server, openPage }) => {
    const page = await openPage()
    await page.goto(`${server.origin}/?user_id=ann`)
    await page.locator('#root > *').first().waitFor()
    const before = await fetchedAssets(page)

    await page.reload()
    await page.locator('#root > *').first().waitFor()
    const again = (await fetchedAssets(page)).filter((name) => before.includes(name))

    expect(before.length).toBeGreaterThan(0)
    expect(again).toEqual([])
  })
})

describe('a page whose code cannot be had', () => {
  // As after an update, whose server has other chunks.
  const CHUNK = /\/assets\/canvas_page-.*\.js$/
  const NOT_THERE = /404|Failed to fetch dynamically imported module/

  test('says so where it was opened, and loads once it is there', async ({ server, openPage }) => {
    await createWorkflow(server, { user: 'ann', id: 'unloaded', ...TWO_STEPS })
    const page = await openPage()
    allowProblems(page, NOT_THERE)
    await page.route(CHUNK, (route) => route.fulfill({ status: 404 }))
    await page.goto(`${server.origin}/w/unloaded?user_id=ann`)
    await page.getByRole('heading', { name: 'This page could not be loaded' }).waitFor()
    await takeScreenshot(page, 'unloaded')

    await page.unroute(CHUNK)
    await page.getByRole('button', { name: 'Load it again' }).click()
    await node(page, 'ask').waitFor()
  })

  test('says so to who comes from the list while the server is away', async ({
    startServer,
    openPage
  }) => {
    const server = await startServer()
    await createWorkflow(server, { user: 'ann', id: 'away', name: 'Plan', ...TWO_STEPS })
    const page = await openPage()
    allowProblems(page, NETWORK)
    allowProblems(page, NOT_THERE)
    await openList(page, { server, user: 'ann' })
    const workflow = page.getByRole('link', { name: /Plan/ })
    await workflow.waitFor()
    await server.kill()
    await workflow.click()
    const again = page.getByRole('button', { name: 'Load it again' })
    await again.waitFor()

    await server.start()
    await again.click()
    await node(page, 'ask').waitFor()
  })
})

/** Those that came over the network since the page's load, rather than out of the cache. */
async function fetchedAssets(page: Page): Promise<string[]> {
  const entries = await page.evaluate(() =>
    performance.getEntriesByType('resource').map((entry) => ({
      path: new URL(entry.name).pathname,
      bytes: (entry as PerformanceResourceTiming).transferSize
    }))
  )
  return entries
    .filter(({ path, bytes }) => path.startsWith('/assets/') && bytes > 0)
    .map(({ path }) => path)
}

describe('the policy', () => {
  test('no script of another place runs, nor one in the page', async ({ server, openPage }) => {
    const page = await openPage()
    allowProblems(page, /Content Security Policy/)
    await page.goto(`${server.origin}/?user_id=ann`)

    const blocked = await page.evaluate(async () => {
      const violations: string[] = []
      const blockedBoth = new Promise<void>((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => {
          violations.push(event.effectiveDirective)
          if (violations.length === 2) resolve()
        })
      })
      const inline = document.createElement('script')
      inline.textContent = 'globalThis.hasRun = true'
      document.head.append(inline)
      await fetch('https://elsewhere.example/').catch(() => undefined)
      await blockedBoth
      return { violations, hasRun: 'hasRun' in globalThis }
    })

    expect(blocked).toEqual({ violations: ['script-src-elem', 'connect-src'], hasRun: false })
  })

  test('no page may frame the editor', async ({ server, startServer, openPage }) => {
    const other = await startServer()
    const page = await openPage()
    // Its host is a page of JSON, whose icon nobody has.
    allowProblems(page, /frame-ancestors|favicon/)
    await page.goto(`${other.origin}/readyz`)

    await page.evaluate(async (address) => {
      const frame = document.createElement('iframe')
      frame.src = address
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
      document.body.append(frame)
      await loaded
    }, server.origin)

    expect(page.frames().map((frame) => frame.url())).toEqual([
      `${other.origin}/readyz`,
      'chrome-error://chromewebdata/'
    ])
  })
})
