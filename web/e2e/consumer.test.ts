/** The published package in somebody else's application: the specification's WorkflowBuilder runs. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page, WebSocket } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { allowProblems } from './harness/browser'
import { stored, type Graph } from './harness/canvas'
import { Consumer, pack } from './harness/consumer'
import { expect, test } from './harness/test'
import { Server, type ServerOptions } from './harness/server'

const PREPARED_WITHIN_MS = 600_000

/** Last made, first ended. */
const ends: (() => Promise<void>)[] = []
let coflow: Server
let consumer: Consumer
/** With React 18, which gives refs but once where StrictMode mounts everything twice. */
let react18: Consumer

beforeAll(async () => {
  coflow = await Server.start()
  ends.unshift(() => coflow.dispose())
  const folder = await mkdtemp(join(tmpdir(), 'coflow-packed-'))
  ends.unshift(() => rm(folder, { recursive: true }))
  const tarball = await pack(folder)
  consumer = await Consumer.start(coflow.origin, { tarball })
  ends.unshift(() => consumer.dispose())
  const packages = ['react@18', 'react-dom@18', '@types/react@18', '@types/react-dom@18']
  react18 = await Consumer.start(coflow.origin, { tarball, packages })
  ends.unshift(() => react18.dispose())
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

/** A server of another origin than the application's, with tokens. */
function startElsewhere(start: (options: ServerOptions) => Promise<Server>): Promise<Server> {
  return start({ auth: 'jwt', settings: { COFLOW_ALLOWED_ORIGINS: consumer.origin } })
}

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

function panelsUrl({ origin }: Server, workflow: string, token: string): string {
  const query = new URLSearchParams({ page: 'tokens', workflow, server: origin })
  return `${consumer.origin}/?${query.toString()}#${token}`
}

test('with tokens and a server elsewhere the components work as well', async ({
  openPage,
  startServer
}) => {
  const elsewhere = await startElsewhere(startServer)
  const workflow = 'elsewhere'
  const owner = await elsewhere.token('ann', { name: 'Ann' })
  await elsewhere.request('POST', '/api/workflows', { token: owner, body: { id: workflow } })
  const editor = await elsewhere.token('bob', { name: 'Bob', workflows: { [workflow]: 'editor' } })
  const [ann, bob] = [await openPage(), await openPage()]
  await ann.goto(panelsUrl(elsewhere, workflow, owner))
  await bob.goto(panelsUrl(elsewhere, workflow, editor))
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
  const elsewhere = await startElsewhere(startServer)
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
  const elsewhere = await startElsewhere(startServer)
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

test('whoever is refused is told so by every component alone', async ({
  openPage,
  startServer
}) => {
  const elsewhere = await startElsewhere(startServer)
  const owner = await elsewhere.token('ann', { workflows: { '*': 'owner' } })
  await elsewhere.request('POST', '/api/workflows', { token: owner, body: { id: 'closed' } })
  const stranger = await elsewhere.token('zed')
  for (const [workflow, token, words] of [
    ['closed', stranger, /no longer have access/],
    ['nowhere', owner, /does not exist/],
    ['closed', 'nonsense', /sign-in has ended/]
  ] as const) {
    const page = await openPage()
    allowProblems(page, /40[134]|WebSocket connection to/)
    await page.goto(panelsUrl(elsewhere, workflow, token))
    const comments = page.getByRole('region', { name: 'Comments' })
    for (const card of [people(page), locks(page), comments]) await card.getByText(words).waitFor()
    expect(await page.getByLabel(/^Loading/).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Lock…' }).count()).toBe(0)
    const dialog = await openShare(page)
    await dialog.getByText(words).waitFor()
    expect(await dialog.getByRole('button', { name: 'Create link' }).count()).toBe(0)
  }
})

/** The application's page of that name. */
async function openProbe(
  page: Page,
  name: string,
  { workflow, user, of = consumer }: { workflow: string; user: string; of?: Consumer }
): Promise<void> {
  const query = new URLSearchParams({ page: name, workflow, user })
  await page.goto(`${of.origin}/?${query.toString()}`)
}

function output(page: Page, label: string): Locator {
  return page.getByRole('status', { name: label, exact: true })
}

async function point(page: Page, x: number): Promise<void> {
  await page.locator('.react-flow__pane').hover({ position: { x, y: 200 } })
}

async function untilPointing(page: Page, user: string, x: number): Promise<void> {
  const cursor = page.locator('.coflow-cursor', { hasText: user })
  await expect
    .poll(() => cursor.evaluate((element) => element.style.transform))
    .toBe(`translate3d(${x}px, 200px, 0px)`)
}

async function createPrompt(workflow: string): Promise<void> {
  const nodes = [{ id: 'n1', position: { x: 600, y: 80 }, data: { label: 'Ask', prompt: '' } }]
  await coflow.request('POST', '/api/workflows', {
    user: 'ann',
    body: { id: workflow, nodes, edges: [] }
  })
}

test('a field shows who types in it, and renders for no cursor', async ({ openPage }) => {
  await createPrompt('typed')
  const [ann, bob] = [await openPage(), await openPage()]
  for (const [page, user] of [
    [ann, 'ann'],
    [bob, 'bob']
  ] as const) {
    await openProbe(page, 'hooks', { workflow: 'typed', user })
    await page.locator('.react-flow__node').waitFor()
  }
  await point(bob, 300)
  await untilPointing(ann, 'bob', 300)

  const renders = await output(ann, 'Renders').textContent()
  for (const x of [320, 340, 360]) {
    await point(bob, x)
    await untilPointing(ann, 'bob', x)
  }
  expect(await output(ann, 'Renders').textContent()).toBe(renders)
  await bob.getByRole('textbox', { name: 'Prompt' }).pressSequentially('Hi')
  await output(ann, 'Typists').getByText('bob').waitFor()
  await expect.poll(() => ann.getByRole('textbox', { name: 'Prompt' }).inputValue()).toBe('Hi')
})

test('the hooks give the same functions whatever changes', async ({ openPage }) => {
  await createPrompt('steady')
  const ann = await openPage()
  await openProbe(ann, 'hooks', { workflow: 'steady', user: 'ann' })
  await ann.locator('.react-flow__node').waitFor()
  await output(ann, 'State').getByText('as before, 0 locked, parallel').waitFor()
  const flows = await output(ann, 'Flows').textContent()
  await point(ann, 300)
  await expect.poll(() => output(ann, 'Own cursor').textContent()).toBe('300')
  expect(await output(ann, 'Flows').textContent()).toBe(flows)

  for (const name of ['Rename', 'Lock']) await ann.getByRole('button', { name }).click()
  await output(ann, 'State').getByText('renamed, 1 locked, parallel').waitFor()
  await ann.getByRole('button', { name: 'Take turns' }).click()
  await output(ann, 'State').getByText('1 locked, sequential').waitFor()
  expect(await output(ann, 'Actions').textContent()).toBe('6')
})

test('a canvas is found again when its wrapper is another and it comes later', async ({
  openPage
}) => {
  const [ann, bob] = [await openPage(), await openPage()]
  await openProbe(ann, 'late', { workflow: 'late', user: 'ann' })
  await openProbe(bob, 'late', { workflow: 'late', user: 'bob' })
  await people(ann).getByText('bob').waitFor()
  await bob.getByRole('button', { name: 'Load' }).click()
  for (const name of ['Load', 'Hide', 'Show', 'Load']) {
    await ann.getByRole('button', { name, exact: true }).click()
  }
  await point(bob, 300)
  await untilPointing(ann, 'bob', 300)
})

test('with React 18 the cursors of people who were there before the canvas move', async ({
  openPage
}) => {
  const [ann, bob] = [await openPage(), await openPage()]
  await openProbe(ann, 'late', { workflow: 'eighteen', user: 'ann', of: react18 })
  await openProbe(bob, 'late', { workflow: 'eighteen', user: 'bob', of: react18 })
  await people(ann).getByText('bob').waitFor()
  for (const page of [ann, bob]) await page.getByRole('button', { name: 'Load' }).click()
  for (const x of [300, 340]) {
    await point(bob, x)
    await untilPointing(ann, 'bob', x)
  }
})

test('a key undoes one step, of one workflow, and nothing that the application has taken', async ({
  openPage
}) => {
  const ann = await openPage()
  await openProbe(ann, 'undo', { workflow: 'undone', user: 'ann' })
  const shows = async (first: number, second: number, untaken: number) => {
    await expect.poll(() => output(ann, 'First').textContent()).toBe(`${first}`)
    expect(await output(ann, 'Second').textContent()).toBe(`${second}`)
    expect(await output(ann, 'Untaken').textContent()).toBe(`${untaken}`)
  }
  for (const name of ['Add to First', 'Add to First', 'Add to Second']) {
    await ann.getByRole('button', { name }).click()
  }
  await shows(2, 1, 0)
  await ann.getByRole('button', { name: 'Own keys' }).press('Control+z')
  const elsewhere = ann.getByRole('button', { name: 'Add to First' })
  await shows(2, 1, 0)
  await elsewhere.press('Control+z')
  await shows(1, 1, 0)
  await elsewhere.press('Control+z')
  await shows(0, 1, 0)
  await elsewhere.press('Control+z')
  await shows(0, 0, 0)
  await elsewhere.press('Control+z')
  await shows(0, 0, 1)
  await elsewhere.press('Control+Shift+Z')
  await shows(1, 0, 1)
})

test('what a server rendered becomes a page, with the keys of the visitor’s system', async ({
  openPage
}) => {
  await consumer.run('node', 'render.js')
  const url = `${consumer.origin}/rendered.html?page=rendered`
  expect(await (await fetch(url)).text()).toContain('aria-keyshortcuts="Control+Z"')
  const page = await openPage({ userAgent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0)' })
  await page.goto(url)
  await page.locator('[aria-keyshortcuts="Meta+Z"]').waitFor()
})

test('the types are found by Node’s resolution, and hold under the strictest options', async () => {
  await consumer.run('npx', 'tsc', '-p', 'types')
  // With exact optional properties React Flow's own declarations are no longer right.
  const strict = ['--skipLibCheck', 'false', '--exactOptionalPropertyTypes', 'false']
  await consumer.run('npx', 'tsc', '-p', 'types', ...strict)
})

test('the package is found by require, and by tools that ask for its manifest', async () => {
  const asked =
    "typeof require('@coflow/react').useFlow + require('@coflow/react/package.json').name"
  expect((await consumer.run('node', '--print', asked)).trim()).toBe('function@coflow/react')
})

test('server components may import the package', async () => {
  const read = "fs.readFileSync('node_modules/@coflow/react/dist/index.js', 'utf8')"
  // A directive counts only before all else.
  expect(await consumer.run('node', '--print', read)).toMatch(/^["']use client["'];/)
})
