/** The published package in somebody else's application: the specification's WorkflowBuilder runs. */

import { afterAll, beforeAll } from 'vitest'
import { Consumer } from './harness/consumer'
import { expect, test } from './harness/test'
import { Server } from './harness/server'

const PREPARED_WITHIN_MS = 300_000

/** Last made, first ended. */
const ends: (() => Promise<void>)[] = []
let consumer: Consumer

beforeAll(async () => {
  const coflow = await Server.start()
  ends.unshift(() => coflow.dispose())
  consumer = await Consumer.start(coflow.origin)
  ends.unshift(() => consumer.dispose())
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
