/** Share links: what the dialog makes of them, and what those who come by them can and cannot do. */

import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { allowProblems } from './harness/browser'
import { drag, drop, middle, node, stored, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'
import { arrive } from './harness/visits'

type OpenPage = (options?: BrowserContextOptions) => Promise<Page>

const NOTICED_WITHIN_MS = 2_000

let count = 0

/** Ann, with the share dialog of her workflow open. */
async function sharing(
  server: Server,
  openPage: OpenPage
): Promise<{ ann: Page; dialog: Locator; workflow: string }> {
  const workflow = `shared-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  const ann = await openPage({ permissions: ['clipboard-read', 'clipboard-write'] })
  await openEditor(ann, { server, user: 'ann', workflow })
  await node(ann, 'ask').waitFor()
  const dialog = await openDialog(ann)
  return { ann, dialog, workflow }
}

async function openDialog(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Share “Plan”' })
  await dialog.waitFor()
  return dialog
}

async function allow(dialog: Locator, wanted: Record<string, boolean>): Promise<void> {
  for (const [name, isOn] of Object.entries(wanted)) {
    const toggle = dialog.getByRole('switch', { name })
    if ((await toggle.isChecked()) !== isOn) await toggle.click()
  }
}

/** Make a link of what is chosen, and read its address. */
async function madeLink(dialog: Locator): Promise<string> {
  await dialog.getByRole('button', { name: 'Create link' }).click()
  return dialog.getByLabel('New link').inputValue()
}

/** All of it, with some room below. */
async function expectWithin(part: Locator, whole: Locator): Promise<void> {
  const [inner, outer] = [await part.boundingBox(), await whole.boundingBox()]
  if (inner === null || outer === null) throw new Error('it is not shown')
  expect(inner.y).toBeGreaterThan(outer.y)
  expect(inner.y + inner.height).toBeLessThanOrEqual(outer.y + outer.height - 8)
}

async function expectNoEditing(page: Page, server: Server, workflow: string): Promise<void> {
  const before = await stored(server, workflow)
  for (const name of ['Add a step', 'Undo', 'Redo', 'Share']) {
    expect(await page.getByRole('button', { name, exact: true }).count(), name).toBe(0)
  }
  const start = await middle(node(page, 'ask'))
  await drag(page, 'ask', { x: 80, y: 120 })
  await drop(page)
  expect(await middle(node(page, 'ask'))).toEqual(start)
  await node(page, 'ask').click()
  const name = page.getByRole('textbox', { name: 'Name', exact: true })
  await name.waitFor()
  expect(await name.isEditable()).toBe(false)
  for (const label of ['Delete', 'Duplicate', 'Lock']) {
    expect(await page.getByRole('button', { name: label, exact: true }).count(), label).toBe(0)
  }
  await node(page, 'ask').focus()
  for (const key of ['ArrowRight', 'Delete', 'Backspace', 'Control+d', 'Control+z', 'n']) {
    await page.keyboard.press(key)
  }
  const pane = page.locator('.react-flow__pane')
  await pane.click({ position: { x: 640, y: 640 } })
  await pane.dblclick({ position: { x: 640, y: 640 } })
  expect(await page.locator('.react-flow__node').count()).toBe(2)
  expect(await middle(node(page, 'ask'))).toEqual(start)
  await untilSaved(page)
  expect(await stored(server, workflow)).toEqual(before)
}

test('a guest who may only view sees the canvas live, and can change nothing', async ({
  server,
  openPage
}) => {
  const { ann, dialog, workflow } = await sharing(server, openPage)
  await allow(dialog, { Comment: false })
  const url = await madeLink(dialog)
  const guest = await openPage()
  await arrive(guest, url, 'Grace')
  await node(guest, 'ask').waitFor()
  await guest.getByText('You can view', { exact: true }).waitFor()
  expect(new URL(guest.url()).pathname).toBe(`/w/${workflow}`)
  await expectNoEditing(guest, server, workflow)
  expect(await guest.getByRole('button', { name: 'Comment', exact: true }).count()).toBe(0)
  await guest.getByRole('button', { name: 'Comments' }).click()
  const panel = guest.getByRole('region', { name: 'Comments' })
  await panel.getByText('No open comments').waitFor()
  expect(await panel.getByRole('textbox').count()).toBe(0)

  // Among the others by the name that was given, and what they do is seen.
  await ann.keyboard.press('Escape')
  await ann.getByRole('button', { name: 'Follow Grace' }).waitFor()
  await node(ann, 'ask').click()
  await ann.getByRole('textbox', { name: 'Name', exact: true }).fill('Ask Grace')
  await node(guest, 'ask').getByText('Ask Grace').waitFor()
})

test('a guest who may comment does so, and can change nothing', async ({ server, openPage }) => {
  const { ann, dialog, workflow } = await sharing(server, openPage)
  await allow(dialog, { Comment: true, Edit: false })
  const guest = await openPage()
  await arrive(guest, await madeLink(dialog), 'Grace')
  await node(guest, 'ask').waitFor()
  await guest.getByText('You can view and comment').waitFor()
  await expectNoEditing(guest, server, workflow)

  await guest.getByRole('button', { name: 'Comments' }).click()
  const panel = guest.getByRole('region', { name: 'Comments' })
  const composer = panel.getByRole('textbox', { name: 'New comment on the workflow' })
  await composer.fill('I like it')
  await composer.press('Enter')
  await panel.getByRole('article', { name: 'Comment by Grace' }).getByText('I like it').waitFor()
  await ann.keyboard.press('Escape')
  await ann.getByRole('button', { name: 'Comments' }).click()
  const shown = ann.getByRole('region', { name: 'Comments' })
  await shown.getByRole('article', { name: 'Comment by Grace' }).getByText('I like it').waitFor()
})

test('a guest who may edit does so', async ({ server, openPage }) => {
  const { ann, dialog } = await sharing(server, openPage)
  await allow(dialog, { Edit: true })
  const guest = await openPage()
  await arrive(guest, await madeLink(dialog), 'Grace')
  await node(guest, 'mail').click()
  await guest.getByRole('textbox', { name: 'Name', exact: true }).fill('Send a card')
  await node(ann, 'mail').getByText('Send a card').waitFor()
  // A reload asks nothing again: the guest stays who they are.
  await untilSaved(guest)
  await guest.reload()
  await node(guest, 'mail').getByText('Send a card').waitFor()
  await ann.keyboard.press('Escape')
  await expect.poll(() => ann.getByRole('button', { name: 'Follow Grace' }).count()).toBe(1)
})

test('a link for one person explains itself to the second', async ({ server, openPage }) => {
  const { dialog } = await sharing(server, openPage)
  await dialog.getByText('Limited', { exact: true }).click()
  await dialog.getByLabel('How many people may use the link').fill('1')
  const url = await madeLink(dialog)
  const [first, second] = [await openPage(), await openPage()]
  await arrive(first, url, 'Grace')
  await node(first, 'ask').waitFor()
  await dialog.getByText('Used up').waitFor()
  await dialog.getByText(/1 of 1 used/).waitFor()

  allowProblems(second, /410/)
  await arrive(second, url, 'Hedy')
  await second.getByRole('heading', { name: 'This link has been used up' }).waitFor()
  await second.getByText('Ask whoever sent it for a new one.').waitFor()
})

test('revoking a link ends the visits of those who came by it at once', async ({
  server,
  openPage
}) => {
  const { ann, dialog } = await sharing(server, openPage)
  const url = await madeLink(dialog)
  const guest = await openPage()
  await arrive(guest, url, 'Grace')
  await node(guest, 'ask').waitFor()
  await untilSaved(guest)

  allowProblems(guest, /40[134]/)
  await dialog.getByRole('button', { name: /^Revoke link/ }).click()
  const question = ann.getByRole('alertdialog', { name: 'Revoke this link?' })
  await question.getByRole('button', { name: 'Revoke link' }).click()
  const closed = guest.getByRole('heading', { name: /no access|has ended/ })
  await closed.waitFor({ timeout: NOTICED_WITHIN_MS })
  expect(await guest.locator('.react-flow').count()).toBe(0)
  await dialog.getByText('No links yet.').waitFor()

  const late = await openPage()
  allowProblems(late, /410/)
  await arrive(late, url, 'Hedy')
  await late.getByRole('heading', { name: 'This link has ended' }).waitFor()
})

test('a new link is copied, and one of the list again', async ({ server, openPage }) => {
  const { ann, dialog } = await sharing(server, openPage)
  const url = await madeLink(dialog)
  const copied = () => ann.evaluate(() => navigator.clipboard.readText())
  await dialog.getByRole('button', { name: 'Copy link', exact: true }).click()
  await dialog.getByRole('button', { name: 'Copied' }).waitFor()
  expect(await copied()).toBe(url)
  expect(url).toContain(`${server.origin}/share/`)

  await ann.evaluate(() => navigator.clipboard.writeText(''))
  const list = dialog.getByRole('region', { name: 'Existing links' })
  await list.getByRole('button', { name: /^Copy link/ }).click()
  await expect.poll(copied).toBe(url)
  await takeScreenshot(ann, 'share')
})

test('inviting makes one link for each address, each good for one', async ({
  server,
  openPage
}) => {
  const { ann, dialog, workflow } = await sharing(server, openPage)
  await dialog.getByRole('tab', { name: 'Invite by e-mail' }).click()
  const addresses = dialog.getByRole('textbox', { name: /E-mail addresses/ })
  const create = dialog.getByRole('button', { name: /Create/ })
  for (const height of [600, 800]) {
    await ann.setViewportSize({ width: 1_280, height })
    await expectWithin(create, dialog)
    await takeScreenshot(ann, `invite-${height}`)
  }
  await addresses.fill('bob@example.org, no body, Ünï@exämple.org')
  await create.click()
  await dialog.getByText('Not an e-mail address: no body, Ünï@exämple.org').waitFor()

  await addresses.fill('bob@example.org, cyd@example.org')
  await dialog.getByRole('textbox', { name: /Message/ }).fill('Have a look')
  await dialog.getByRole('button', { name: 'Create 2 invite links' }).click()
  const invitations = dialog.getByRole('region', { name: 'Invitations' }).getByRole('listitem')
  await expect.poll(() => invitations.count()).toBe(2)
  const texts = await invitations.allTextContents()
  const urls = texts.map((text) => /http\S+?\/share\/[\w~-]+/.exec(text)?.[0])
  expect(new Set(urls).size).toBe(2)
  const mail = await dialog
    .getByRole('link', { name: 'Write to bob@example.org' })
    .getAttribute('href')
  expect(mail).toMatch(/^mailto:bob(@|%40)example\.org\?/)
  expect(decodeURIComponent(mail ?? '')).toContain('Have a look')

  const { items } = (await server.request(
    'GET',
    `/api/collaboration/shares?workflow_id=${workflow}`,
    { user: 'ann' }
  )) as { items: { max_uses: number }[] }
  expect(items.map((share) => share.max_uses)).toEqual([1, 1])
})
