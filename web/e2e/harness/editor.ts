/** The editor in a page, as somebody who has just arrived there. */

import type { Page } from 'playwright-core'
import type { Server } from './server'
import type { Wire } from './wire'

export interface Arrival {
  server: Server
  /** Who it is: by name in dev mode; in jwt mode the `sub` of a token that is made here. */
  user: string
  workflow: string
  /** Through which the page reaches the server; default: directly. */
  wire?: Wire
  /** In jwt mode, instead of one that grants to edit this workflow. */
  token?: string
}

/** Go to the workflow's canvas; resolves once it shows the document. */
export async function openEditor(page: Page, arrival: Arrival): Promise<void> {
  await page.goto(await addressOf(`/w/${arrival.workflow}`, arrival))
  await page.locator('.react-flow__viewport').waitFor({ state: 'attached' })
}

/** Go to the list of workflows. */
export async function openList(page: Page, arrival: Omit<Arrival, 'workflow'>): Promise<void> {
  await page.goto(await addressOf('/', { ...arrival, workflow: '*' }))
}

/** A workflow that has these nodes and edges, made over REST by `user`, who owns it. */
export async function createWorkflow(
  server: Server,
  { user, token, ...graph }: { user: string; token?: string; id: string } & Record<string, unknown>
): Promise<void> {
  const who = server.auth === 'dev' ? { user } : { token: token ?? (await server.token(user)) }
  await server.request('POST', '/api/workflows', { ...who, body: graph })
}

/** A user's lock on a node, taken over REST. */
export async function lockNode(
  server: Server,
  { user, workflow, id, lastsS }: { user: string; workflow: string; id: string; lastsS?: number }
): Promise<void> {
  await server.request('POST', '/api/collaboration/locks/acquire', {
    user,
    body: {
      workflow_id: workflow,
      resource_type: 'node',
      resource_id: id,
      ...(lastsS !== undefined && { duration_minutes: lastsS / 60 })
    }
  })
}

async function addressOf(
  path: string,
  { server, user, workflow, wire, token }: Arrival
): Promise<string> {
  const { origin } = wire ?? server
  if (server.auth === 'dev') return `${origin}${path}?user_id=${encodeURIComponent(user)}`
  const given = token ?? (await server.token(user, { workflows: { [workflow]: 'editor' } }))
  return `${origin}${path}#token=${given}`
}
