/** The harness does what the other tests take for granted: servers that come back, people by name and by token. */

import { allowProblems, problems } from './harness/browser'
import { checkAccessibility } from './harness/accessibility'
import { createWorkflow } from './harness/editor'
import { expect, test } from './harness/test'

const NODE = { id: 'n1', type: 'agent', position: { x: 0, y: 0 }, data: { label: 'Ask' } }

test('a killed server comes back on its port with its data', async ({ startServer }) => {
  const server = await startServer()
  const { origin } = server
  await createWorkflow(server, { user: 'ann', id: 'kept', nodes: [NODE] })

  await server.kill()
  await expect(fetch(`${origin}/healthz`)).rejects.toThrow()
  await server.start()

  expect(server.origin).toBe(origin)
  const kept = await server.request('GET', '/api/workflows/kept', { user: 'ann' })
  expect(kept).toMatchObject({ id: 'kept', nodes: [{ id: 'n1' }] })
})

test('in jwt mode the command line makes the tokens', async ({ startServer }) => {
  const server = await startServer({ auth: 'jwt' })
  const token = await server.token('ann', { name: 'Ann', workflows: { 'team-*': 'viewer' } })
  await createWorkflow(server, { user: 'bob', id: 'team-plan', nodes: [NODE] })

  await server.request('GET', '/api/workflows/team-plan', { token })
  await expect(server.request('DELETE', '/api/workflows/team-plan', { token })).rejects.toThrow(
    '403'
  )
  await expect(server.request('GET', '/api/workflows/team-plan')).rejects.toThrow('401')
  expect(await server.request('GET', '/api/server')).toMatchObject({ auth_mode: 'jwt' })
})

test('errors of a page are found, and those that are expected are not', async ({ openPage }) => {
  const page = await openPage()
  await page.evaluate(() => {
    console.error('one that is expected')
    console.error('one that is not')
  })
  await expect.poll(() => problems(page).length).toBe(2)

  allowProblems(page, /is expected/)
  expect(problems(page)).toEqual([expect.stringContaining('one that is not')])
  allowProblems(page, /is not/)
})

test('what nobody can read or operate fails the check of accessibility', async ({ openPage }) => {
  const page = await openPage()
  await page.setContent('<html lang="en"><title>x</title><main><button></button></main></html>')
  await expect(checkAccessibility(page)).rejects.toThrow('button-name')

  await page.locator('button').evaluate((button) => (button.textContent = 'Save'))
  await checkAccessibility(page)
})
