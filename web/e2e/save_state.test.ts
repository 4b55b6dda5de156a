/** Whether all is saved can be read whole, however long the workflow's name is and however wide the window. */

import type { Page } from 'playwright-core'
import { allowProblems } from './harness/browser'
import { node, TWO_STEPS, untilOffline, untilSaved } from './harness/canvas'
import { createWorkflow, lockNode, openEditor } from './harness/editor'
import { nameField, select } from './harness/inspector'
import { takeScreenshot } from './harness/screenshots'
import { expect, test } from './harness/test'
import { NETWORK } from './harness/wire'

const LONG_NAME = 'Answers to customers who have written to us about their last order'
const WIDTHS = [1_280, 1_024, 768, 390]

/** Of the state what is cut off, and what lies outside of its island or under the other. */
async function outOfSight(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const boxOf = (selector: string) => document.querySelector(selector)?.getBoundingClientRect()
    const [island, other] = [boxOf('.ed-top-left'), boxOf('.ed-top-right')]
    if (island === undefined || other === undefined) return ['there is no island']
    const found = [...document.querySelectorAll('.coflow-save__label')]
      .filter((each) => {
        const { left, right, bottom } = each.getBoundingClientRect()
        const isCut = each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight
        return isCut || left < island.left || right > island.right || bottom > island.bottom
      })
      .map((each) => each.textContent)
    const isApart = island.right <= other.left || island.bottom <= other.top
    if (!isApart || island.right > innerWidth) found.push('the island is too wide')
    return found
  })
}

test('the name gives way to it', async ({ server, openPage, openWire }) => {
  const id = 'long-name'
  await createWorkflow(server, { user: 'ann', id, name: LONG_NAME, ...TWO_STEPS })
  const page = await openPage()
  allowProblems(page, NETWORK)
  const wire = await openWire(server)
  await openEditor(page, { server, wire, user: 'bob', workflow: id })
  await node(page, 'mail').waitFor()
  const expectWhole = async (words: RegExp, picture: string) => {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 })
      await page.getByText(words).waitFor()
      await takeScreenshot(page, `${picture}-${width}`)
      expect(await outOfSight(page), `at ${width} px`).toEqual([])
    }
    await page.setViewportSize({ width: 1_280, height: 800 })
  }
  await untilSaved(page)
  await expectWhole(/All changes saved/, 'save-saved')

  // As wide as it gets: an edit was refused, and the network is gone again.
  await select(page, 'mail')
  wire.cut()
  await untilOffline(page)
  await nameField(page).fill('Send a letter')
  await lockNode(server, { user: 'ann', workflow: id, id: 'mail' })
  wire.mend()
  const reverted = page.getByText('Reverted: another editor holds the lock on ‘Send e-mail’')
  await reverted.first().waitFor()
  wire.cut()
  await untilOffline(page)
  await select(page, 'ask')
  await nameField(page).fill('Question')
  await expectWhole(/Offline – 1 change kept on this device/, 'save-offline')
})

test('beside a short name it takes one line', async ({ server, openPage }) => {
  await createWorkflow(server, { user: 'ann', id: 'short-name', name: 'Plan', ...TWO_STEPS })
  const page = await openPage()
  await openEditor(page, { server, user: 'ann', workflow: 'short-name' })
  await untilSaved(page)
  const label = await page.locator('.coflow-save__label').boundingBox()
  expect(label?.height).toBeLessThan(20)
})
