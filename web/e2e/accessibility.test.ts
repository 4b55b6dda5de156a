/** Everybody can read and operate the editor: in light and dark, by keyboard alone, without motion. */

import { readFile } from 'node:fs/promises'
import type { Locator, Page } from 'playwright-core'
import { describe } from 'vitest'
import { checkAccessibility } from './harness/accessibility'
import { allowProblems } from './harness/browser'
import { node, storedPosition, TWO_STEPS, untilSaved } from './harness/canvas'
import { createWorkflow, openEditor, openList } from './harness/editor'
import { REPOSITORY } from './harness/paths'
import { takeScreenshot } from './harness/screenshots'
import type { Server } from './harness/server'
import { expect, test } from './harness/test'

const SCHEMES = ['light', 'dark'] as const
const REAL_WORKFLOWS = ['Agentic RAG', 'Agents handoff', 'Human in the loop', 'Iterations']
/** More than there are places to stop at. */
const MAX_TABS = 60

let count = 0

/** With a lock, a thread and somebody's words in it. */
async function createPlan(server: Server): Promise<string> {
  const workflow = `plan-${++count}`
  await createWorkflow(server, { user: 'ann', id: workflow, name: 'Plan', ...TWO_STEPS })
  await server.request('POST', '/api/collaboration/locks/acquire', {
    user: 'bob',
    body: { workflow_id: workflow, resource_type: 'node', resource_id: 'mail', reason: 'Rewording' }
  })
  await server.request('POST', '/api/collaboration/comments', {
    user: 'bob',
    body: { workflow_id: workflow, content: 'Why?', context_type: 'node', context_id: 'ask' }
  })
  return workflow
}

async function readReal(name: string): Promise<object> {
  const file = `${name.toLowerCase().replaceAll(' ', '-')}.json`
  return JSON.parse(await readFile(`${REPOSITORY}/tests/data/workflows/${file}`, 'utf8')) as object
}

async function openPlan(page: Page, server: Server): Promise<string> {
  const workflow = await createPlan(server)
  await openEditor(page, { server, user: 'ann', workflow })
  await node(page, 'ask').waitFor()
  await untilSaved(page)
  return workflow
}

describe.for(SCHEMES)('in %s', (colorScheme) => {
  // In the midst of a fade nothing has the contrast that it will have.
  const options = { colorScheme, reducedMotion: 'reduce' } as const

  test('the list of workflows', async ({ server, openPage }) => {
    const page = await openPage(options)
    await createPlan(server)
    for (const name of REAL_WORKFLOWS) {
      const id = `${name.toLowerCase().replaceAll(' ', '-')}-${colorScheme}`
      await createWorkflow(server, { ...(await readReal(name)), user: 'ann', id, name })
    }
    await openList(page, { server, user: 'ann' })
    await page.getByRole('link', { name: 'Plan' }).first().waitFor()
    await checkAccessibility(page)
    await takeScreenshot(page, `list-${colorScheme}`)
    await page.getByRole('button', { name: 'More for Plan' }).first().click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    await page.getByRole('alertdialog').waitFor()
    await checkAccessibility(page)
  })

  test('the canvas, and each of its panels', async ({ server, openPage }) => {
    const page = await openPage(options)
    await openPlan(page, server)
    await checkAccessibility(page)
    for (const id of ['ask', 'mail']) {
      await node(page, id).click()
      await page.getByRole('complementary', { name: 'Inspector' }).waitFor()
      await checkAccessibility(page)
    }
    const panels = { Comments: 'Comments', 'Locks and mode': 'Mode', Activity: 'Activity' }
    for (const [button, region] of Object.entries(panels)) {
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('region', { name: region }).waitFor()
      await page.locator('.coflow-skeleton').first().waitFor({ state: 'detached' })
      await checkAccessibility(page)
    }
  })

  test('a workflow as people make them, with another one in it', async ({ server, openPage }) => {
    const workflow = `real-${++count}`
    const name = 'Human in the loop'
    await createWorkflow(server, { ...(await readReal(name)), user: 'ann', id: workflow, name })
    const [page, bob] = [await openPage(options), await openPage(options)]
    await openEditor(page, { server, user: 'ann', workflow })
    await openEditor(bob, { server, user: 'bob', workflow })
    const [first, second] = [bob, page].map((each) => each.locator('.ed-node'))
    await first?.first().click()
    await bob.mouse.move(420, 560)
    await bob.mouse.move(440, 580)
    await second?.last().click()
    await page.locator('.coflow-cursor').getByText('bob').waitFor()
    await page.locator('.coflow-outline').first().waitFor()
    await checkAccessibility(page)
    await takeScreenshot(page, `canvas-${colorScheme}`)
  })

  test('the share dialog', async ({ server, openPage }) => {
    const page = await openPage(options)
    await openPlan(page, server)
    await page.getByRole('button', { name: 'Share', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Share “Plan”' })
    await dialog.getByRole('button', { name: 'Create link' }).click()
    await dialog.getByLabel('New link').waitFor()
    await checkAccessibility(page)
    await dialog.getByRole('tab', { name: 'Invite by e-mail' }).click()
    await dialog.getByRole('textbox', { name: /E-mail addresses/ }).fill('nobody')
    await dialog.getByRole('button', { name: /Create/ }).click()
    await dialog.getByText('Not an e-mail address: nobody').waitFor()
    await checkAccessibility(page)
  })

  test('signing in, arriving by a link, and being shut out', async ({ server, openPage }) => {
    const page = await openPage(options)
    allowProblems(page, /40[34]|410/)
    const workflow = await createPlan(server)
    await page.goto(`${server.origin}/w/${workflow}`)
    await page.getByRole('heading', { name: 'What should we call you?' }).waitFor()
    await checkAccessibility(page)

    await page.goto(`${server.origin}/share/no-such-link`)
    await page.getByRole('heading', { name: 'You are invited to a workflow' }).waitFor()
    await checkAccessibility(page)
    await page.getByLabel('Your name').fill('Grace')
    await page.getByRole('button', { name: 'Open the workflow' }).click()
    await page.getByRole('heading', { name: 'There is no such link' }).waitFor()
    await checkAccessibility(page)

    await openEditor(page, { server, user: 'ann', workflow })
    await untilSaved(page)
    await server.request('DELETE', `/api/workflows/${workflow}`, { user: 'ann' })
    await page.getByRole('heading', { name: 'There is no such workflow' }).waitFor()
    await checkAccessibility(page)
  })
})

test('the theme is chosen by a button, and kept', async ({ server, openPage }) => {
  const page = await openPage({ colorScheme: 'light', reducedMotion: 'reduce' })
  await openPlan(page, server)
  const background = () =>
    page.locator('.react-flow').evaluate((flow) => getComputedStyle(flow).backgroundColor)
  const light = await background()
  await page.getByRole('button', { name: 'Switch to dark' }).click()
  await expect.poll(background).not.toBe(light)
  await page.getByRole('button', { name: 'Locks and mode' }).click()
  await page.getByRole('region', { name: 'Mode' }).waitFor()
  await checkAccessibility(page)
  await page.reload()
  await page.getByRole('button', { name: 'Switch to light' }).waitFor()
  await expect.poll(background).not.toBe(light)
})

interface Stop {
  name: string
  element: Element
  /** How it and what is next to it looked with the focus. */
  look: string
  isShown: boolean
}

/** Where Tab stops, from the beginning of the page to its end, and whether one could see that. */
async function stops(page: Page): Promise<Pick<Stop, 'name' | 'isShown'>[]> {
  // Tab goes on from wherever the hand has been: to the end first.
  while (await isAtStop(page));
  await page.evaluate(() => Object.assign(window, { stops: [] }))
  for (let tabs = 0; await isAtStop(page); tabs++) {
    if (tabs > MAX_TABS) throw new Error('Tab finds no end')
  }
  return page.evaluate(() =>
    (window as unknown as { stops: Stop[] }).stops.map(({ name, isShown }) => ({ name, isShown }))
  )
}

/** Whether the focus is in it; not before it hears keys. */
function hasFocus(within: Locator): Promise<boolean> {
  return within.evaluate((each) => each.contains(document.activeElement))
}

/** Press Tab once, and note where it went; false when it has left the page. */
async function isAtStop(page: Page): Promise<boolean> {
  await page.keyboard.press('Tab')
  return page.evaluate(() => {
    const { stops = [] } = window as { stops?: Stop[] }
    const lookOf = (element: Element) =>
      [element, element.parentElement, ...element.querySelectorAll('*')]
        .filter((each) => each !== null)
        .map((each) => {
          const { outline, boxShadow, borderColor, stroke } = getComputedStyle(each)
          return [outline, boxShadow, borderColor, stroke].join()
        })
        .join('\n')
    const last = stops.at(-1)
    if (last !== undefined) last.isShown = lookOf(last.element) !== last.look
    const element = document.activeElement
    if (element === null || element === document.body) return false
    const id = element.getAttribute('data-id')
    const name = id ?? element.getAttribute('aria-label') ?? element.textContent.trim()
    stops.push({ name, element, look: lookOf(element), isShown: false })
    return true
  })
}

describe('by keyboard', () => {
  test('Tab reaches all there is, and shows where it is', async ({ server, openPage }) => {
    const page = await openPage({ reducedMotion: 'reduce' })
    await openPlan(page, server)
    await page.getByRole('button', { name: 'Comments' }).click()
    await page.getByRole('region', { name: 'Comments' }).getByText('Why?').waitFor()
    const found = await stops(page)
    const names = found.map(({ name }) => name)
    for (const wanted of [
      'All workflows',
      'Name of the workflow',
      'Share',
      'Comments, 1',
      'Locks and mode, 1',
      'Activity',
      'Switch to dark',
      'ask',
      'mail',
      'New comment on the workflow',
      'Zoom in',
      'Select',
      'Add a step',
      'Comment'
    ]) {
      expect(names).toContain(wanted)
    }
    expect(found.filter(({ isShown }) => !isShown).map(({ name }) => name)).toEqual([])
  })

  test('a step is selected, moved and left by keys', async ({ server, openPage }) => {
    const page = await openPage()
    const workflow = await openPlan(page, server)
    await node(page, 'ask').focus()
    await page.keyboard.press('Enter')
    const inspector = page.getByRole('complementary', { name: 'Inspector' })
    await inspector.waitFor()
    await page.keyboard.press('ArrowRight')
    await expect
      .poll(async () => (await storedPosition(server, workflow, 'ask'))?.x)
      .toBeGreaterThan(0)
    await page.keyboard.press('Control+z')
    await expect
      .poll(() => storedPosition(server, workflow, 'ask'))
      .toEqual(TWO_STEPS.nodes[0]?.position)
    await page.keyboard.press('Escape')
    await inspector.waitFor({ state: 'detached' })
    await node(page, 'ask').focus()
    await page.keyboard.press('Space')
    await inspector.waitFor()
    await page.keyboard.press('Delete')
    await node(page, 'ask').waitFor({ state: 'detached' })
  })

  test('a dialog takes the focus, keeps it, and gives it back', async ({ server, openPage }) => {
    const page = await openPage()
    await openPlan(page, server)
    const share = page.getByRole('button', { name: 'Share', exact: true })
    const isFocused = (of: typeof share) => of.evaluate((each) => each === document.activeElement)
    await share.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Share “Plan”' })
    await dialog.waitFor()
    for (let tabs = 0; tabs < 20; tabs++) {
      await page.keyboard.press('Tab')
      expect(await hasFocus(dialog)).toBe(true)
    }
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await expect.poll(() => isFocused(share)).toBe(true)

    await page.keyboard.press('Space')
    await dialog.getByRole('button', { name: 'Create link' }).press('Enter')
    const revoke = dialog.getByRole('button', { name: /^Revoke link/ })
    await revoke.press('Enter')
    const question = page.getByRole('alertdialog')
    await expect.poll(() => hasFocus(question)).toBe(true)
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    await expect.poll(() => isFocused(revoke)).toBe(true)
  })

  test('a question about a card gives the focus back to it', async ({ server, openPage }) => {
    const page = await openPage()
    const workflow = `asked-about-${++count}`
    await createWorkflow(server, { user: 'ann', id: workflow, name: 'Old plan', ...TWO_STEPS })
    await openList(page, { server, user: 'ann' })
    const more = page.getByRole('button', { name: 'More for Old plan' })
    await more.press('Enter')
    await page.getByRole('menuitem', { name: 'Delete…' }).press('Enter')
    const question = page.getByRole('alertdialog')
    await expect.poll(() => hasFocus(question)).toBe(true)
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    await expect.poll(() => more.evaluate((each) => each === document.activeElement)).toBe(true)
  })

  test('panels and tools open and close by keys', async ({ server, openPage }) => {
    const page = await openPage()
    await openPlan(page, server)
    for (const [button, region] of Object.entries({ Comments: 'Comments', Activity: 'Activity' })) {
      const opener = page.getByRole('button', { name: button })
      await opener.press('Enter')
      await page.getByRole('region', { name: region }).waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('region', { name: region }).waitFor({ state: 'detached' })
      expect(await opener.evaluate((each) => each === document.activeElement)).toBe(true)
    }
    const tool = page.getByRole('button', { name: 'Comment', exact: true })
    await tool.press('Space')
    await expect.poll(() => tool.getAttribute('aria-pressed')).toBe('true')
    await page.keyboard.press('Escape')
    await expect.poll(() => tool.getAttribute('aria-pressed')).toBe('false')
    await page.keyboard.press('?')
    const help = page.getByRole('dialog')
    await expect.poll(() => hasFocus(help)).toBe(true)
    await page.keyboard.press('Escape')
    await help.waitFor({ state: 'detached' })
    await expect.poll(() => tool.evaluate((each) => each === document.activeElement)).toBe(true)
  })
})

test('who wants no motion gets none', async ({ server, openPage }) => {
  const page = await openPage({ reducedMotion: 'reduce' })
  await page.addInitScript(() => {
    const moved: string[] = []
    Object.assign(window, { moved })
    for (const kind of ['animationstart', 'transitionstart'] as const) {
      document.addEventListener(
        kind,
        (event) => {
          const element = event.target as Element
          const durations = element.getAnimations().map((each) => {
            const { duration, iterations } = each.effect?.getComputedTiming() ?? {}
            return Number(duration) * Number(iterations)
          })
          const longestMs = Math.max(0, ...durations)
          if (longestMs > 20) moved.push(`${kind} ${element.className} ${longestMs} ms`)
        },
        true
      )
    }
  })
  await openPlan(page, server)
  const zoom = page.getByRole('button', { name: 'Zoom in' })
  await zoom.click()
  await page.getByRole('button', { name: 'Comments' }).click()
  await page.getByRole('region', { name: 'Comments' }).getByText('Why?').waitFor()
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Share “Plan”' })
  await dialog.getByRole('tab', { name: 'Invite by e-mail' }).click()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  expect(await page.evaluate(() => (window as unknown as { moved: string[] }).moved)).toEqual([])
})
