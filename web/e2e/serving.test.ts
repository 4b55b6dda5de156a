/** The server's pages in a real browser: all of the editor loads, under its security policy. */

import { describe } from 'vitest'
import { allowProblems } from './harness/browser'
import { expect, test } from './harness/test'

const PAGES = ['/', '/w/serving', '/share/no-such-link']

describe('the pages', () => {
  test.for(PAGES)(
    '%s is the editor, and violates no policy',
    async (path, { server, openPage }) => {
      const page = await openPage()
      const policies: (string | undefined)[] = []
      page.on('response', (answer) => {
        if (answer.request().resourceType() === 'document') {
          policies.push(answer.headers()['content-security-policy'])
        }
      })

      await page.goto(`${server.origin}${path}?user_id=ann`)
      await page.locator('#root > *').first().waitFor()

      expect(policies).toEqual([expect.stringContaining("script-src 'self'")])
    }
  )

  test('a reload keeps the assets and asks for the page', async ({ server, openPage }) => {
    const page = await openPage()
    await page.goto(`${server.origin}/?user_id=ann`)
    await page.locator('#root > *').first().waitFor()

    await page.reload()
    await page.locator('#root > *').first().waitFor()
    const entries = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .filter((entry) => new URL(entry.name).pathname.startsWith('/assets/'))
        .map((entry) => (entry as PerformanceResourceTiming).transferSize)
    )

    expect(entries.length).toBeGreaterThan(0)
    expect(Math.max(...entries)).toBe(0)
  })
})

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
