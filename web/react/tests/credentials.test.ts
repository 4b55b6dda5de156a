/** One token for everybody who asks at the same moment. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Credentials } from '../src/api/credentials'

function counted(): { credentials: Credentials; asked: () => number } {
  let asked = 0
  const credentials = new Credentials(() => Promise.resolve(`token ${(asked += 1)}`))
  return { credentials, asked: () => asked }
}

test('all who ask at once for a token in place of an expired one share the answer', async () => {
  const { credentials, asked } = counted()
  const expired = await credentials.token()
  const fresh = await Promise.all([1, 2, 3].map(() => credentials.refresh(expired)))
  expect(fresh).toEqual(['token 2', 'token 2', 'token 2'])
  // One who comes late with the old one too.
  expect(await credentials.refresh(expired)).toBe('token 2')
  expect(asked()).toBe(2)
  expect(await credentials.refresh('token 2')).toBe('token 3')
})

test('all share a refusal too, and the next one asks again', async () => {
  let asked = 0
  const credentials = new Credentials(() => {
    asked += 1
    return asked === 2 ? Promise.reject(new Error('not now')) : `token ${asked}`
  })
  const expired = await credentials.token()
  const refusals = await Promise.allSettled([1, 2, 3].map(() => credentials.refresh(expired)))
  expect(refusals.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(await credentials.refresh(expired)).toBe('token 3')
})

describe('a function that', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('never answers is asked again after half a minute', async () => {
    let asked = 0
    const credentials = new Credentials(() =>
      (asked += 1) === 1 ? new Promise<string>(() => undefined) : 'token'
    )
    const refused = expect(credentials.token()).rejects.toThrow('30 seconds')
    await vi.advanceTimersByTimeAsync(30_000)
    await refused
    expect(await credentials.token()).toBe('token')
  })

  test.each([undefined, '', null])('answers with %j is asked again', async (nothing) => {
    let asked = 0
    const credentials = new Credentials(() => {
      asked += 1
      return asked === 1 ? (nothing as unknown as string) : 'token'
    })
    await expect(credentials.token()).rejects.toThrow('without a token')
    expect(await credentials.token()).toBe('token')
  })
})
