/** A phone: nothing is cut off, nothing covers anything, and all of it can be reached by a finger. */

import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe } from 'vitest'
import { checkAccessibility } from './harness/accessibility'
import { node, stored, storedLabel, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor } from './harness/editor'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

const PHONE = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
  reducedMotion: 'reduce'
} as const satisfies BrowserContextOptions

let count = 0

async function openPlan(
  page: Page,
  server: Server,
  name = 'Plan for the next quarter of the year'
): Promise<string> {
  const workflow = `narrow-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name, ...TWO_STEPS })
  await openEditor(page, { server, user: 'ann', workflow })
  await node(page, 'ask').waitFor()
  await untilSaved(page)
  return workflow
}

/** What does not fit, or lies under something else: nothing of it may. */
async function outOfReach(page: Page, within: string): Promise<string[]> {
  return page.evaluate((selector) => {
    const found: string[] = []
    const { clientWidth, scrollWidth } = document.documentElement
    if (scrollWidth > clientWidth) found.push(`the page is ${scrollWidth} px wide`)
    const wanted = [...document.querySelectorAll(selector)].flatMap((part) => [
      ...part.querySelectorAll<HTMLElement>('button, a, input, [role=switch], [role=tab]')
    ])
    for (const each of wanted.filter((element) => element.checkVisibility())) {
      const { left, right, top, bottom } = each.getBoundingClientRect()
      const name = each.getAttribute('aria-label') ?? each.textContent
      const isInside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight
      if (!isInside) found.push(`${name} is cut off: ${left}–${right}, ${top}–${bottom}`)
      // Avatars lie on each other, on one island.
      const own = each.closest('.ed-island') ?? each
      for (const x of [left + 4, (left + right) / 2, right - 4]) {
        const hit = document.elementFromPoint(x, (top + bottom) / 2)
        if (own.contains(hit) || hit?.contains(each) === true) continue
        found.push(`${name} is under ${hit?.getAttribute('class') ?? 'nothing'}`)
      }
    }
    return found
  }, within)
}

async function expectInReach(page: Page, within = '.ed-top, .ed-bottom .ed-island'): Promise<void> {
  expect(await outOfReach(page, within)).toEqual([])
}

/** Every part of a dialog, however long it is, inside of the window; long ones scroll by themselves. */
async function expectDialogFits(page: Page): Promise<void> {
  const sizes = await page.getByRole('dialog').evaluate((dialog) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect()
    const wide = [dialog, ...dialog.querySelectorAll('*')].filter(
      (each) =>
        each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX === 'auto'
    )
    return {
      isInside: left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight,
      wide: wide.map((each) => each.getAttribute('class'))
    }
  })
  expect(sizes).toEqual({ isInside: true, wide: [] })
}

describe.for([
  ['a phone', PHONE],
  ['a small phone', { ...PHONE, viewport: { width: 360, height: 640 } }],
  ['a phone, dark', { ...PHONE, colorScheme: 'dark' }]
] as const)('on %s', ([name, options]) => {
  test('the name, the state and all tools are there', async ({ server, openPage }) => {
    const page = await openPage(options)
    const workflow = await openPlan(page, server)
    for (const user of ['bob', 'eve', 'kim', 'lou']) {
      await openEditor(await openPage(), { server, user, workflow })
    }
    await page.getByRole('button', { name: /more, show all/ }).waitFor()
    await expectInReach(page)
    await checkAccessibility(page)
    await takeScreenshot(page, `narrow-${name.replaceAll(/\W+/g, '-')}`)

    const field = page.getByRole('textbox', { name: 'Name of the workflow' })
    await field.tap()
    await field.fill('Plan')
    await page.keyboard.press('Enter')
    await expect
      .poll(async () => (await stored(server, workflow)) as object)
      .toMatchObject({
        name: 'Plan'
      })
  })

  test('a tap on a step opens a sheet above the tools', async ({ server, openPage }) => {
    const page = await openPage(options)
    const workflow = await openPlan(page, server)
    await node(page, 'mail').tap()
    const sheet = page.getByRole('complementary', { name: 'Inspector' })
    await sheet.waitFor()
    await expectInReach(page, '.ed-top, .ed-bottom .ed-island, .ed-panel__head')
    await checkAccessibility(page)
    await takeScreenshot(page, `narrow-inspector-${name.replaceAll(/\W+/g, '-')}`)
    await sheet.getByRole('textbox', { name: 'Name', exact: true }).fill('Write')
    await untilSaved(page)
    expect(await storedLabel(server, workflow, 'mail')).toBe('Write')

    // Handles are small for fingers.
    await sheet.getByRole('button', { name: 'Connect to…' }).tap()
    const choices = page.getByRole('dialog', { name: 'Connect “Write” to…' })
    await expectDialogFits(page)
    await choices.getByRole('option', { name: 'Ask' }).tap()
    await choices.waitFor({ state: 'detached' })
    await expect
      .poll(async () => (await stored(server, workflow)).edges)
      .toContainEqual(expect.objectContaining({ source: 'mail', target: 'ask' }))
    await sheet.getByRole('button', { name: 'Close the panel' }).tap()
    await sheet.waitFor({ state: 'detached' })
  })
})

test('in a window of middling width the bars make room for each other', async ({
  server,
  openPage
}) => {
  const page = await openPage({ viewport: { width: 760, height: 700 }, reducedMotion: 'reduce' })
  const workflow = await openPlan(page, server)
  for (const user of ['bob', 'eve', 'kim', 'lou', 'moe']) {
    await openEditor(await openPage(), { server, user, workflow })
  }
  await page.getByRole('button', { name: /more, show all/ }).waitFor()
  await page.getByText('All changes saved').waitFor()
  await expectInReach(page)
  await takeScreenshot(page, 'narrow-window')
})

test('each panel is a sheet that fits, and closes', async ({ server, openPage }) => {
  const page = await openPage(PHONE)
  const workflow = await openPlan(page, server)
  for (let number = 0; number < 12; number++) {
    await server.request('POST', '/api/collaboration/comments', {
      user: 'bob',
      body: { workflow_id: workflow, content: `Remark ${number}` }
    })
  }
  for (const label of ['Comments', 'Locks and mode', 'Activity']) {
    await page.getByRole('button', { name: label }).tap()
    const sheet = page.getByRole('complementary', { name: 'Panel' })
    await sheet.waitFor()
    await expectInReach(page, '.ed-top, .ed-bottom .ed-island, .ed-panel__head')
    await checkAccessibility(page)
    await takeScreenshot(page, `narrow-${label.toLowerCase().replaceAll(' ', '-')}`)
    await sheet.getByRole('button', { name: 'Close the panel' }).tap()
    await sheet.waitFor({ state: 'detached' })
  }
})

test('dialogs fit, and what does not fit in them scrolls', async ({ server, openPage }) => {
  const page = await openPage(PHONE)
  await openPlan(page, server)
  await page.getByRole('button', { name: 'Share', exact: true }).tap()
  await page.getByRole('dialog').waitFor()
  await page.getByRole('button', { name: 'Create link' }).tap()
  await page.getByLabel('New link').waitFor()
  await expectDialogFits(page)
  await takeScreenshot(page, 'narrow-share')
  await page.getByRole('tab', { name: 'Invite by e-mail' }).tap()
  await expectDialogFits(page)
  await page.getByRole('button', { name: 'Close' }).tap()

  await page.getByRole('button', { name: 'Keys' }).tap()
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await expectDialogFits(page)
  await takeScreenshot(page, 'narrow-keys')
  await page.getByRole('button', { name: 'Close' }).tap()

  await page.getByRole('button', { name: 'Show the map' }).tap()
  await page.locator('.react-flow__minimap').waitFor()
  await expectInReach(page)
})

test('what only some are shown fits too: turns, locks, news', async ({ server, openPage }) => {
  const page = await openPage(PHONE)
  const workflow = await openPlan(page, server)
  const locks = '/api/collaboration/locks/acquire'
  const { session_id } = (await server.request('POST', '/api/collaboration/sessions', {
    user: 'ann',
    body: { workflow_id: workflow }
  })) as { session_id: string }
  await server.request('PATCH', `/api/collaboration/sessions/${session_id}`, {
    user: 'ann',
    body: { collaboration_mode: 'sequential' }
  })
  await page.getByRole('button', { name: 'Take the turn' }).tap()
  await page.getByRole('button', { name: 'Give up the turn' }).waitFor()
  await expectInReach(page)
  await takeScreenshot(page, 'narrow-turn')
  await server.request('POST', locks, {
    user: 'somebody with a long name',
    body: { workflow_id: workflow, resource_type: 'workflow', resource_id: workflow }
  })
  await page.getByText('has locked the workflow').waitFor()
  await expectInReach(page)
})
