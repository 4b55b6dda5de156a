/** What ends by itself while the browsers are open: locks and share links, by the server's clock. */

import { allowProblems } from './harness/browser'
import { node, rename, storedLabel, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, lockNode, openEditor } from './harness/editor'
import { nameField, select } from './harness/inspector'
import { expect, test } from './harness/test'

/** Long enough to be seen, or used, on a busy machine. */
const LOCK_LASTS_S = 10
const LINK_LASTS_S = 25
const ENDED_WITHIN = { timeout: 2 * LINK_LASTS_S * 1_000 }
const DAYS_PER_S = 1 / 86_400

test('a lock whose time is over frees its node on every screen, without a reload', async ({
  server,
  openPage
}) => {
  const workflow = 'lock-ends'
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  const [ann, bob] = [await openPage(), await openPage()]
  await openEditor(ann, { server, user: 'ann', workflow })
  await openEditor(bob, { server, user: 'bob', workflow })
  await ann.getByRole('button', { name: 'Locks and mode' }).click()
  const locks = ann.getByRole('region', { name: 'Edit locks' })
  await locks.getByText('Nothing is locked').waitFor()
  await select(bob, 'mail')

  await lockNode(server, { user: 'ann', workflow, id: 'mail', lastsS: LOCK_LASTS_S })
  await locks.getByRole('article', { name: 'Node Send e-mail, locked by you' }).waitFor()
  await node(bob, 'mail').getByTitle('Locked by ann').waitFor()
  await bob.getByText('Locked by ann').first().waitFor()
  await expect.poll(() => nameField(bob).isEditable()).toBe(false)

  await locks.getByText('Nothing is locked').waitFor()
  await node(bob, 'mail').getByTitle('Locked by ann').waitFor({ state: 'detached' })
  await bob.getByText('Not locked').waitFor()
  await expect.poll(() => nameField(bob).isEditable()).toBe(true)
  await nameField(bob).fill('Free again')
  await untilSaved(bob)
  await node(ann, 'mail').getByText('Free again').waitFor()
  expect(await storedLabel(server, workflow, 'mail')).toBe('Free again')
})

test('a share link that ends sends its guest out, who is told and changes nothing more', async ({
  server,
  openPage
}) => {
  const workflow = 'link-ends'
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  const { share_id: shareId } = (await server.request('POST', '/api/collaboration/shares', {
    user: 'ann',
    body: {
      workflow_id: workflow,
      permissions: { can_view: true, can_edit: true, can_comment: false, can_share: false },
      expires_in_days: LINK_LASTS_S * DAYS_PER_S
    }
  })) as { share_id: string }
  const guest = await openPage()
  // The token is of no use any more either.
  allowProblems(guest, /status of (40[134]|410)/)
  await guest.goto(`${server.origin}/share/${shareId}`)
  await guest.getByLabel('Your name').fill('Grace')
  await guest.getByRole('button', { name: 'Open the workflow' }).click()
  await rename(guest, 'ask', 'Grace was here')
  await untilSaved(guest)
  expect(await storedLabel(server, workflow, 'ask')).toBe('Grace was here')

  await guest
    .getByRole('heading', { name: /Your visit has ended|You have no access to this workflow/ })
    .waitFor(ENDED_WITHIN)
  expect(await guest.locator('.react-flow').count()).toBe(0)
  await guest.reload()
  await guest
    .getByRole('heading', { name: /Your visit has ended|You have no access to this workflow/ })
    .waitFor()
  expect(await storedLabel(server, workflow, 'ask')).toBe('Grace was here')
})
