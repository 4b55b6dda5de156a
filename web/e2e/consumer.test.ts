/** The published package in somebody else's application: the specification's WorkflowBuilder runs. */

import type { Locator, Page, WebSocket } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { stored, type Graph } from './harness/canvas'
import { Consumer } from './harness/consumer'
import { expect, test } from './harness/test'
import { Server } from './harness/server'

const PREPARED_WITHIN_MS = 480_000

/** Last made, first ended. */
const ends: (() => Promise<void>)[] = []
let coflow: Server
let consumer: Consumer

beforeAll(async () => {
  coflow = await Server.start()
  ends.unshift(() => coflow.dispose())
  consumer = await Consumer.start(coflow.origin)
  ends.unshift(() => consumer.dispose())
}, PREPARED_WITHIN_MS)

afterAll(async () => {
  for (const end of ends) await end()
})

test('the people are shown, and the share dialog makes a link', async ({ openPage }) => {
  const [ann, bob] = [await openPage(), await openPage()]
  await ann.goto(`${consumer.origin}/?workflow=consumed&user=ann`)
  const people = ann.getByRole('region', { name: 'People in this workflow' })
  await people.getByText('You').waitFor()

  await bob.goto(`${consumer.origin}/?workflow=consumed&user=bob`)
  await people.getByText('bob').waitFor()

  await ann.getByRole('button', { name: 'Share', exact: true }).click()
  const dialog = ann.getByRole('dialog', { name: 'Share “Onboarding”' })
  await dialog.waitFor()
  expect(await dialog.getByRole('tab').count()).toBe(2)
  await ann.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
})

test('a cursor is seen where it is on the canvas', async ({ openPage }) => {
  const [ann, bob] = [await openPage(), await openPage()]
  await ann.goto(`${consumer.origin}/?workflow=pointed-at&user=ann`)
  await bob.goto(`${consumer.origin}/?workflow=pointed-at&user=bob`)
  const pane = bob.locator('.react-flow__pane')
  await bob.getByRole('region', { name: 'People in this workflow' }).getByText('ann').waitFor()

  await pane.hover({ position: { x: 300, y: 200 } })
  await pane.hover({ position: { x: 320, y: 220 } })

  await ann.locator('.coflow-cursor').getByText('bob').waitFor()
})

async function openFor(page: Page, workflow: string, user: string): Promise<void> {
  await page.goto(`${consumer.origin}/?workflow=${workflow}&user=${user}`)
  await people(page).getByText('You').waitFor()
}

function people(page: Page): Locator {
  return page.getByRole('region', { name: 'People in this workflow' })
}

function locks(page: Page): Locator {
  return page.getByRole('region', { name: 'Edit locks' })
}

async function openShare(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  return page.getByRole('dialog', { name: 'Share “Onboarding”' })
}

/** Take the workflow's lock for a while that is shorter than what it is extended to. */
async function takeLock(page: Page, reason: string): Promise<Locator> {
  await locks(page).getByRole('button', { name: 'Lock…' }).click()
  const form = page.getByRole('dialog', { name: 'Take a lock' })
  await form.getByRole('textbox', { name: /Reason/ }).fill(reason)
  await form.getByText('15 min', { exact: true }).click()
  await form.getByRole('button', { name: 'Lock', exact: true }).click()
  const own = locks(page).getByRole('article', { name: /locked by you$/ })
  await own.waitFor()
  return own
}

test('a lock is taken, seen by others, extended and released', async ({ openPage }) => {
  const [ann, bob] = [await openPage(), await openPage()]
  await openFor(ann, 'locked', 'ann')
  await openFor(bob, 'locked', 'bob')
  const own = await takeLock(ann, 'Cleaning up')
  await own.getByText(/^1[45]:\d\d left$/).waitFor()
  const seen = locks(bob).getByRole('article', { name: /locked by ann$/ })
  await seen.getByText('Cleaning up').waitFor()
  expect(await seen.getByRole('button').count()).toBe(0)

  await own.getByRole('button', { name: 'Extend to 30 minutes' }).click()
  for (const each of [own, seen]) await each.getByText(/^(30|29):\d\d left$/).waitFor()
  await own.getByRole('button', { name: 'Release' }).click()
  for (const page of [ann, bob]) await locks(page).getByText('Nothing is locked').waitFor()
})

test('a link is copied, lets somebody in, and is revoked', async ({ openPage }) => {
  const ann = await openPage({ permissions: ['clipboard-read', 'clipboard-write'] })
  await openFor(ann, 'shared', 'ann')
  const dialog = await openShare(ann)
  await dialog.getByRole('button', { name: 'Create link' }).click()
  const url = await dialog.getByLabel('New link').inputValue()
  await dialog.getByRole('button', { name: 'Copy link', exact: true }).click()
  await dialog.getByRole('button', { name: 'Copied' }).waitFor()
  expect(await ann.evaluate(() => navigator.clipboard.readText())).toBe(url)

  const redeem = () =>
    fetch(`${coflow.origin}/api/collaboration/shares/${url.split('/').at(-1) ?? ''}/redeem`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Grace' })
    })
  expect((await redeem()).status).toBe(200)
  await dialog.getByText('1 use').waitFor()
  await dialog.getByRole('button', { name: /^Revoke link/ }).click()
  await ann.getByRole('button', { name: 'Revoke link', exact: true }).click()
  await dialog.getByText('No links yet.').waitFor()
  expect((await redeem()).status).toBe(410)
})

test('with tokens and a server elsewhere the components work as well', async ({
  openPage,
  startServer
}) => {
  const elsewhere = await startServer({
    auth: 'jwt',
    settings: { COFLOW_ALLOWED_ORIGINS: consumer.origin }
  })
  const workflow = 'elsewhere'
  const owner = await elsewhere.token('ann', { name: 'Ann' })
  await elsewhere.request('POST', '/api/workflows', { token: owner, body: { id: workflow } })
  const editor = await elsewhere.token('bob', { name: 'Bob', workflows: { [workflow]: 'editor' } })
  const [ann, bob] = [await openPage(), await openPage()]
  const query = new URLSearchParams({ workflow, server: elsewhere.origin }).toString()
  await ann.goto(`${consumer.origin}/?${query}#${owner}`)
  await bob.goto(`${consumer.origin}/?${query}#${editor}`)
  for (const [page, other] of [
    [ann, 'Bob'],
    [bob, 'Ann']
  ] as const) {
    await people(page).getByText(other).waitFor()
  }
  await people(ann).getByText('Owner').waitFor()
  await people(bob).getByText('Editor').waitFor()

  await takeLock(bob, 'Mine')
  await locks(ann)
    .getByRole('article', { name: /locked by Bob$/ })
    .waitFor()
  const pane = bob.locator('.react-flow__pane')
  await pane.hover({ position: { x: 300, y: 200 } })
  await pane.hover({ position: { x: 320, y: 220 } })
  await ann.locator('.coflow-cursor').getByText('Bob').waitFor()
  const dialog = await openShare(ann)
  await dialog.getByRole('button', { name: 'Create link' }).click()
  await dialog.getByLabel('New link').waitFor()
})

/** The application's page of providers: one for `user`, or one for each token. */
async function openHolders(
  page: Page,
  asked: Record<string, string>,
  tokens: readonly string[] = []
): Promise<void> {
  const query = new URLSearchParams({ page: 'holders', ...asked }).toString()
  await page.goto(`${consumer.origin}/?${query}#${tokens.join(',')}`)
}

function work(page: Page, user: string): Locator {
  return page.getByRole('region', { name: `Work of ${user}` })
}

async function addStep(page: Page, user: string): Promise<void> {
  const own = work(page, user)
  await own.getByText('All changes saved').waitFor()
  await own.getByRole('button', { name: 'Add a step' }).click()
  await own.getByText('1 steps').waitFor()
  await own.getByText('All changes saved').waitFor()
}

/** Names of what this page's browser has stored. */
async function databases(page: Page): Promise<(string | undefined)[]> {
  const found = await page.evaluate(() => indexedDB.databases())
  return found.map(({ name }) => name)
}

test('a provider that was hidden until its connection had ended has another when it is shown', async ({
  openPage
}) => {
  const page = await openPage()
  const open = new Set<WebSocket>()
  page.on('websocket', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  // The list beside it, which is not hidden, may store nothing and so has a connection of its own.
  await openHolders(page, { workflow: 'hidden', user: 'ann', private: '' })
  await work(page, 'ann').getByText('All changes saved').waitFor()
  await expect.poll(() => open.size).toBe(2)
  await page.getByRole('button', { name: 'Hide' }).click()
  await expect.poll(() => open.size).toBe(1)
  await page.getByRole('button', { name: 'Show' }).click()
  await addStep(page, 'ann')
  expect((await stored(coflow, 'hidden')).nodes).toHaveLength(1)
})

test('what is kept on the device is what the provider asks for, whoever was there first', async ({
  openPage
}) => {
  const [ann, bob] = [await openPage(), await openPage()]
  await openHolders(ann, { workflow: 'kept', user: 'ann' })
  await addStep(ann, 'ann')
  await expect.poll(() => databases(ann)).toEqual([expect.stringMatching(/:ann:kept$/)])
  await openHolders(bob, { workflow: 'not-kept', user: 'bob', private: '' })
  await addStep(bob, 'bob')
  expect(await databases(bob)).toEqual([])
})

test('two users with a token function each are two in one page', async ({
  openPage,
  startServer
}) => {
  const elsewhere = await startServer({
    auth: 'jwt',
    settings: { COFLOW_ALLOWED_ORIGINS: consumer.origin }
  })
  const workflow = 'of-two'
  const ann = await elsewhere.token('ann')
  await elsewhere.request('POST', '/api/workflows', { token: ann, body: { id: workflow } })
  const bob = await elsewhere.token('bob', { workflows: { [workflow]: 'viewer' } })
  const page = await openPage()
  await openHolders(page, { workflow, server: elsewhere.origin }, [ann, bob])
  await addStep(page, 'ann')
  await work(page, 'bob').getByText('1 steps').waitFor()
  await work(page, 'bob').getByRole('button', { name: 'Add a step' }).click()
  await work(page, 'bob').getByRole('alert').waitFor()
  const read = await elsewhere.request('GET', `/api/workflows/${workflow}`, { token: ann })
  expect((read as Graph).nodes).toHaveLength(1)
})

test('without a network for a token either, the copy on the device is shown', async ({
  openPage,
  startServer
}) => {
  const elsewhere = await startServer({
    auth: 'jwt',
    settings: { COFLOW_ALLOWED_ORIGINS: consumer.origin }
  })
  const token = await elsewhere.token('ann')
  await elsewhere.request('POST', '/api/workflows', { token, body: { id: 'carried' } })
  const page = await openPage()
  const asked = { workflow: 'carried', server: elsewhere.origin, user: 'ann' }
  await openHolders(page, asked, [token])
  await addStep(page, 'ann')
  await page.evaluate(() => localStorage.setItem('unreachable', ''))
  await page.reload()
  await work(page, 'ann').getByText('1 steps').waitFor()
  await work(page, 'ann')
    .getByText(/^Offline/)
    .waitFor()
})
