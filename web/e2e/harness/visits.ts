/** Guests and their links, and what a browser keeps of who has used it. */

import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import type { Graph } from './canvas'
import type { Server } from './server'

export interface Link {
  share_id: string
  url: string
}

interface Guest {
  workflowId: string
  userId: string
  name: string
  token: string
}

/** A link that grants to view, and what `can` names; made by `by` over REST. */
export async function makeLink(
  server: Server,
  { by, workflow, can = [], maxUses }: LinkTerms
): Promise<Link> {
  return (await server.request('POST', '/api/collaboration/shares', {
    ...by,
    body: {
      workflow_id: workflow,
      permissions: Object.fromEntries(can.map((each) => [`can_${each}`, true])),
      ...(maxUses !== undefined && { max_uses: maxUses })
    }
  })) as Link
}

interface LinkTerms {
  by: { user: string } | { token: string }
  workflow: string
  can?: ('edit' | 'comment' | 'share')[]
  maxUses?: number
}

/** Somebody whom nobody knows comes by a link and gives a name. */
export async function arrive(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url)
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Open the workflow' }).click()
}

/** Who this browser is in the workflow, by a link. */
export async function guestIn(page: Page, workflow: string): Promise<Guest> {
  const stored = await page.evaluate((key) => localStorage.getItem(key), `coflow.guest.${workflow}`)
  if (stored === null) throw new Error('this browser has no guest there')
  return JSON.parse(stored) as Guest
}

/** As if the guest had got its token so many seconds earlier. */
export async function ageToken(
  page: Page,
  { server, workflow, byS }: { server: Server; workflow: string; byS: number }
): Promise<string> {
  const guest = await guestIn(page, workflow)
  const token = await server.agedGuestToken(guest.token, byS)
  await page.evaluate(([key, value]) => localStorage.setItem(key, value), [
    `coflow.guest.${workflow}`,
    JSON.stringify({ ...guest, token })
  ] as const)
  return token
}

/** All that the page's browser keeps: the names of stored copies, and everything in both storages. */
export async function traces(page: Page): Promise<{ copies: string[]; storage: string }> {
  return page.evaluate(async () => ({
    copies: (await indexedDB.databases()).map(({ name = '' }) => name),
    storage: JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])
  }))
}

/** What the button in the page, not that of a notice, gives as a file. */
export async function downloadUnsaved(page: Page): Promise<Graph> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('main').getByRole('button', { name: 'Download what was not saved' }).click()
  ])
  return JSON.parse(await readFile(await download.path(), 'utf8')) as Graph
}
