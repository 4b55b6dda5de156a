/**
 * `npm run measure`: what the canvas costs with 20 people's cursors on it and with 1,000 nodes, in
 * real Chromium on the real server. Prints JSON; nothing here passes or fails.
 */

import type { Browser, Page } from 'playwright-core'
import { test } from 'vitest'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'
import { launchBrowser, newPage } from './harness/browser'
import { drag, drop, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { Server } from './harness/server'

const PEOPLE = 20
const FRAMES_FOR_MS = 5_000

interface Frames {
  medianMs: number
  p95Ms: number
  fps: number
  frames: number
}

test('measure', { timeout: 120_000 }, async () => {
  const server = await Server.start()
  const browser = await launchBrowser()
  try {
    const result = {
      emptyPage: await measureEmpty(browser),
      cursors: await measureCursors(server, browser),
      thousandNodes: await measureThousand(server, browser)
    }
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  } finally {
    await browser.close()
    await server.dispose()
  }
})

/** What this machine's browser does with nothing to do. */
async function measureEmpty(browser: Browser): Promise<Frames> {
  const page = await newPage(browser, {})
  await page.goto('about:blank')
  return framesOf(page)
}

async function measureCursors(server: Server, browser: Browser): Promise<Frames> {
  const nodes = Array.from({ length: 40 }, (_, at) => ({
    id: `n${at}`,
    type: 'agent',
    position: { x: (at % 8) * 240, y: Math.floor(at / 8) * 120 },
    data: { label: `Step ${at}` }
  }))
  await createWorkflow(server, { user: 'ann', id: 'crowd', nodes })
  const people = Array.from({ length: PEOPLE }, (_, at) => join(server, `person-${at}`))
  const page = await newPage(browser, {})
  await openEditor(page, { server, user: 'ann', workflow: 'crowd' })
  await page
    .locator('.coflow-cursor')
    .nth(PEOPLE - 1)
    .waitFor()
  const frames = await framesOf(page)
  for (const person of people) person.leave()
  return frames
}

/** A person whose cursor moves 20 times a second. */
function join(server: Server, user: string): { leave: () => void } {
  const doc = new Y.Doc()
  const provider = new WebsocketProvider(
    `${server.origin.replace('http', 'ws')}/sync`,
    'crowd',
    doc,
    {
      params: { user_id: user },
      disableBc: true,
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket
    }
  )
  let angle = Math.random() * 6
  const timer = setInterval(() => {
    angle += 0.1
    provider.awareness.setLocalStateField('cursor', {
      x: 900 + Math.cos(angle) * 800 * Math.random(),
      y: 300 + Math.sin(angle) * 250
    })
  }, 50)
  return {
    leave: () => {
      clearInterval(timer)
      provider.destroy()
    }
  }
}

async function measureThousand(server: Server, browser: Browser) {
  const nodes = Array.from({ length: 1_000 }, (_, at) => ({
    id: `n${at}`,
    type: 'agent',
    position: { x: (at % 40) * 240, y: Math.floor(at / 40) * 120 },
    data: { label: `Step ${at}` }
  }))
  const edges = nodes
    .slice(1)
    .map((each, at) => ({ id: `e${at}`, source: `n${at}`, target: each.id }))
  await createWorkflow(server, { user: 'ann', id: 'large', nodes, edges })
  const page = await newPage(browser, {})
  const begin = performance.now()
  await openEditor(page, { server, user: 'ann', workflow: 'large' })
  await page.locator('.react-flow__node').first().waitFor()
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))))
  const shownMs = performance.now() - begin
  for (let times = 0; times < 3; times++) {
    await page.getByRole('button', { name: 'Zoom in' }).click()
  }
  await page.locator('.react-flow__node').first().waitFor()
  const id = await visibleNode(page)
  const counting = framesOf(page, 3_000)
  for (let times = 0; times < 3; times++) {
    await drag(page, id, { x: 40, y: 30 })
    await drop(page)
    await drag(page, id, { x: -40, y: -30 })
    await drop(page)
  }
  const whileDragging = await counting
  await untilSaved(page)
  return { shownMs: Math.round(shownMs), whileDragging }
}

/** A node well within the page. */
async function visibleNode(page: Page): Promise<string> {
  // In one go: what leaves the view leaves the page.
  const id = await page.locator('.react-flow__node').evaluateAll((all) => {
    const inTheMiddle = all.find((each) => {
      const { x, y } = each.getBoundingClientRect()
      return x > 300 && x < 700 && y > 200 && y < 500
    })
    return inTheMiddle?.getAttribute('data-id') ?? null
  })
  if (id !== null) return id
  throw new Error('no node is in the middle of the page')
}

async function framesOf(page: Page, forMs = FRAMES_FOR_MS): Promise<Frames> {
  const times = await page.evaluate(
    (lasts) =>
      new Promise<number[]>((done) => {
        const times: number[] = []
        const begin = performance.now()
        const next = (now: number) => {
          times.push(now)
          if (now - begin < lasts) requestAnimationFrame(next)
          else done(times)
        }
        requestAnimationFrame(next)
      }),
    forMs
  )
  const gaps = times
    .slice(1)
    .map((now, at) => now - (times[at] ?? now))
    .sort((one, other) => one - other)
  const quantile = (part: number) => gaps[Math.floor(gaps.length * part)] ?? Number.NaN
  const medianMs = quantile(0.5)
  return {
    medianMs: round(medianMs),
    p95Ms: round(quantile(0.95)),
    fps: round(1_000 / medianMs),
    frames: gaps.length
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
