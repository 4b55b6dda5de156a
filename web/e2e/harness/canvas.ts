/** What a hand does on the canvas, and what an eye sees there. */

import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Server } from './server'

export interface Graph {
  nodes: { id: string; position: { x: number; y: number }; data: Record<string, unknown> }[]
  edges: { id: string; source: string; target: string }[]
}

/** Two steps and what joins them. */
export const TWO_STEPS = {
  nodes: [
    { id: 'ask', type: 'agent', position: { x: 0, y: 0 }, data: { label: 'Ask', prompt: 'Why?' } },
    { id: 'mail', type: 'agent', position: { x: 320, y: 120 }, data: { label: 'Send e-mail' } }
  ],
  edges: [{ id: 'e1', source: 'ask', target: 'mail' }]
}

export function node(page: Page, id: string): Locator {
  return page.locator(`.react-flow__node[data-id="${id}"]`)
}

/** The workflow as REST tells it: what is committed. */
export async function stored(server: Server, workflow: string): Promise<Graph> {
  return (await server.request('GET', `/api/workflows/${workflow}`, { user: 'reader' })) as Graph
}

export async function storedPosition(server: Server, workflow: string, id: string) {
  const { nodes } = await stored(server, workflow)
  return nodes.find((each) => each.id === id)?.position
}

export async function storedLabel(server: Server, workflow: string, id: string) {
  const { nodes } = await stored(server, workflow)
  return nodes.find((each) => each.id === id)?.data.label
}

/** The middle of an element, in pixels of the page. */
export async function middle(locator: Locator): Promise<{ x: number; y: number }> {
  const box = await locator.boundingBox()
  if (box === null) throw new Error('it is not shown')
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

/** Take a node and move the hand by so many pixels; the button stays down until `drop`. */
export async function drag(page: Page, id: string, by: { x: number; y: number }): Promise<void> {
  const start = await middle(node(page, id))
  await page.mouse.move(start.x, start.y)
  await page.mouse.down()
  await page.mouse.move(start.x + by.x / 2, start.y + by.y / 2, { steps: 4 })
  await page.mouse.move(start.x + by.x, start.y + by.y, { steps: 4 })
}

export async function drop(page: Page): Promise<void> {
  await page.mouse.up()
}

/** By its field in the inspector. */
export async function rename(page: Page, id: string, name: string): Promise<void> {
  await node(page, id).click()
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name)
}

export async function untilSaved(page: Page): Promise<void> {
  await page.getByText('All changes saved').waitFor()
}

export async function untilOffline(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.locator('.coflow-save[data-kind="offline"]').waitFor()
}

/** Both show a node in the same place of the flow, whatever their views are. */
export async function expectSamePlace(one: Page, other: Page, id: string): Promise<void> {
  const place = (page: Page) => node(page, id).evaluate((element) => element.style.transform)
  await expect.poll(async () => (await place(one)) === (await place(other))).toBe(true)
}
