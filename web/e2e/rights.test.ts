/** Shares that grant what is no role's: the editor offers what one may do, no more and no less. */

import type { Locator, Page } from 'playwright-core'
import { allowProblems } from './harness/browser'
import { node, storedLabel, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow } from './harness/editor'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

/** What Chromium says of a server that is not there. */
const NETWORK = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|WebSocket connection to|ERR_SOCKET/
const SHARES = '/api/collaboration/shares'

let count = 0
async function createPlan(server: Server): Promise<string> {
  const workflow = `rights-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  return workflow
}

/** The id of a link that lets view, and what is named. */
async function share(server: Server, workflow: string, ...can: string[]): Promise<string> {
  const permissions = Object.fromEntries(can.map((each) => [`can_${each}`, true]))
  const body = { workflow_id: workflow, permissions }
  const made = (await server.request('POST', SHARES, { user: 'ann', body })) as { share_id: string }
  return made.share_id
}

/** Somebody whom nobody knows comes by a link. */
async function arrive(page: Page, origin: string, shareId: string): Promise<void> {
  await page.goto(`${origin}/share/${shareId}`)
  await page.getByLabel('Your name').fill('Grace')
  await page.getByRole('button', { name: 'Open the workflow' }).click()
  await node(page, 'ask').waitFor()
}

function button(page: Page, name: string): Locator {
  return page.getByRole('button', { name, exact: true })
}

async function openComments(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: 'Comments' }).click()
  return page.getByRole('region', { name: 'Comments' })
}

/** The token that the guest in this page was given. */
async function guestToken(page: Page, workflow: string): Promise<string> {
  return page.evaluate((id) => {
    const kept = localStorage.getItem(`coflow.guest.${id}`) ?? '{}'
    return (JSON.parse(kept) as { token: string }).token
  }, workflow)
}

test('who may edit and not comment has the tools for that alone', async ({ server, openPage }) => {
  const workflow = await createPlan(server)
  await server.request('POST', '/api/collaboration/comments', {
    user: 'ann',
    body: {
      workflow_id: workflow,
      content: 'Why so short?',
      context_type: 'node',
      context_id: 'ask'
    }
  })
  const guest = await openPage()
  await arrive(guest, server.origin, await share(server, workflow, 'edit'))
  await button(guest, 'Add a step').waitFor()
  for (const name of ['Comment', 'Share']) expect(await button(guest, name).count(), name).toBe(0)
  const panel = await openComments(guest)
  await panel.getByText('Why so short?').click()
  expect(await panel.getByRole('textbox').count()).toBe(0)
  expect(await panel.getByRole('button', { name: /Resolve/ }).count()).toBe(0)
  await guest.keyboard.press('Escape')

  await node(guest, 'ask').click()
  await guest.getByRole('textbox', { name: 'Name', exact: true }).fill('Ask twice')
  await untilSaved(guest)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Ask twice')
  await button(guest, 'Lock').click()
  await guest.getByText('Locked by you').first().waitFor()
})

test('who may comment and share, and not edit, does these two', async ({ server, openPage }) => {
  const workflow = await createPlan(server)
  const guest = await openPage()
  await arrive(guest, server.origin, await share(server, workflow, 'comment', 'share'))
  await button(guest, 'Comment').waitFor()
  await guest.getByText('You can view and comment').waitFor()
  for (const name of ['Add a step', 'Undo']) expect(await button(guest, name).count(), name).toBe(0)
  await node(guest, 'ask').click()
  await guest.getByRole('complementary', { name: 'Inspector' }).waitFor()
  expect(await button(guest, 'Lock').count()).toBe(0)
  const panel = await openComments(guest)
  await panel.getByRole('textbox', { name: 'New comment on the workflow' }).fill('Well done')
  await panel.getByRole('button', { name: 'Add comment' }).click()
  await panel.getByText('Well done').waitFor()

  await button(guest, 'Share').click()
  const dialog = guest.getByRole('dialog', { name: 'Share “Plan”' })
  const toggle = (name: string) => dialog.getByRole('switch', { name })
  expect(await toggle('Edit').isDisabled()).toBe(true)
  expect(await toggle('Comment').isEnabled()).toBe(true)
  await toggle('Share').click()
  await dialog.getByRole('button', { name: 'Create link' }).click()
  await dialog.getByLabel('New link').waitFor()
  await dialog.getByText('Can comment, share').first().waitFor()
})

test('a right that comes or goes while the role stays is there, or gone, at once', async ({
  server,
  openPage
}) => {
  const workflow = await createPlan(server)
  const guest = await openPage()
  await arrive(guest, server.origin, await share(server, workflow))
  await guest.getByText('You can view', { exact: true }).waitFor()

  const toEdit = await share(server, workflow, 'edit')
  const token = await guestToken(guest, workflow)
  await server.request('POST', `${SHARES}/${toEdit}/redeem`, { token })
  await button(guest, 'Add a step').waitFor()
  await guest.getByText('You can view and edit now').first().waitFor()
  expect(await button(guest, 'Comment').count()).toBe(0)
  await button(guest, 'Locks and mode').click()
  const people = guest.getByRole('region', { name: 'People in this workflow' })
  await people.getByText('Viewer').waitFor()

  await server.request('DELETE', `${SHARES}/${toEdit}`, { user: 'ann' })
  await button(guest, 'Add a step').waitFor({ state: 'detached' })
  await guest.getByText('You can view', { exact: true }).waitFor()
})

test('exact rights are remembered for a day without a network', async ({
  server,
  openPage,
  openWire
}) => {
  const workflow = await createPlan(server)
  const wire = await openWire(server)
  const guest = await openPage()
  allowProblems(guest, NETWORK)
  await arrive(guest, wire.origin, await share(server, workflow, 'edit'))
  await untilSaved(guest)
  // The rights are known a little after the document, and kept from then on.
  await node(guest, 'ask').click()
  await button(guest, 'Lock').waitFor()

  wire.cut({ pages: true })
  await guest.reload()
  await button(guest, 'Add a step').waitFor()
  await node(guest, 'ask').click()
  await guest.getByRole('textbox', { name: 'Name', exact: true }).fill('Asked offline')
  await guest
    .getByText(/changes? kept on this device/)
    .first()
    .waitFor()
  expect(await button(guest, 'Lock').count()).toBe(1)
  expect(await button(guest, 'Comment').count()).toBe(0)

  wire.mend()
  await untilSaved(guest)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Asked offline')
})
