/** REST over a network that does not do its part. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { Rest } from '../src/api/rest'

test('a server that never answers counts as one that cannot be reached', async () => {
  const silent = createServer(() => undefined)
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const rest = new Rest({ serverUrl: `http://127.0.0.1:${port}`, answerWithinMs: 50 })
  try {
    await expect(rest.listWorkflows()).rejects.toMatchObject({ status: 0, code: 'unreachable' })
  } finally {
    silent.closeAllConnections()
    silent.close()
  }
})
