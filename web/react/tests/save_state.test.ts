/** Counting what is not saved, and saying so. */

import { describe, expect, test } from 'vitest'
import { saveLabel } from '../src/client/save_label'
import { SaveCounter, SYNC_STEP_2, SYNC_UPDATE } from '../src/client/save_state'
import { spreadDelay } from '../src/client/sync_connection'
import type { ConnectionState, Reverted } from '../src/types'

describe('save counter', () => {
  test('frames are settled in the order in which they were sent', () => {
    const counter = new SaveCounter()
    counter.sent(SYNC_STEP_2)
    counter.sent(SYNC_UPDATE)
    counter.sent(SYNC_UPDATE)
    expect(counter.unsaved).toBe(2)
    counter.saved(1)
    expect(counter.unsaved).toBe(2)
    counter.saved(2)
    expect(counter.unsaved).toBe(1)
    counter.saved(3)
    expect(counter.unsaved).toBe(0)
  })

  test('what was under way when the connection ended is unsaved until a step 2 has brought it', () => {
    const counter = new SaveCounter()
    counter.sent(SYNC_UPDATE)
    counter.sent(SYNC_UPDATE)
    counter.saved(1)
    counter.disconnected()
    counter.edited()
    expect(counter.unsaved).toBe(2)
    counter.sent(SYNC_STEP_2)
    expect(counter.unsaved).toBe(2)
    counter.saved(1)
    expect(counter.unsaved).toBe(0)
  })

  test('what was taken over from other tabs is told apart from what was edited here', () => {
    const counter = new SaveCounter()
    counter.tookOver(3)
    counter.edited()
    expect(counter).toMatchObject({ unsaved: 4, own: 1, takenOver: 3 })
    counter.sent(SYNC_STEP_2)
    counter.sent(SYNC_UPDATE)
    counter.saved(1)
    expect(counter).toMatchObject({ unsaved: 1, own: 1, takenOver: 0 })
    // Found on the device while connected, and lost with the connection.
    counter.sent(SYNC_UPDATE, 2)
    counter.disconnected()
    expect(counter).toMatchObject({ unsaved: 3, own: 1, takenOver: 2 })
  })

  test('an empty step 2 and an old count settle nothing', () => {
    const counter = new SaveCounter(3)
    counter.saved(5)
    counter.sent(SYNC_UPDATE)
    counter.saved(1)
    expect(counter.unsaved).toBe(3)
  })
})

test('delays grow, are spread, and are bounded', () => {
  expect(spreadDelay(0, 1)).toBeCloseTo(200)
  expect(spreadDelay(3, 1)).toBeCloseTo(1600)
  expect(spreadDelay(100, 1)).toBe(5000)
  expect(spreadDelay(100, 0)).toBeCloseTo(5000 / 3)
})

describe('save label', () => {
  const connected: ConnectionState = {
    status: 'connected',
    isLoaded: true,
    unsavedChanges: 0,
    isStored: true,
    isStoring: false,
    closed: null,
    reverted: null
  }
  const reverted: Reverted = {
    resources: [{ type: 'node', id: 'mail' }],
    reason: 'locked',
    holder: 'ann',
    atMs: 0
  }
  test.each<[Partial<ConnectionState>, string]>([
    [{}, 'All changes saved'],
    [{ unsavedChanges: 2 }, 'Saving…'],
    [{ status: 'connecting', isLoaded: false }, 'Loading…'],
    [{ status: 'connecting' }, 'Connecting…'],
    [{ status: 'offline' }, 'Offline'],
    [{ status: 'offline', unsavedChanges: 1 }, 'Offline – 1 change kept on this device'],
    [{ status: 'offline', unsavedChanges: 3 }, 'Offline – 3 changes kept on this device'],
    [
      { status: 'offline', unsavedChanges: 1, isStoring: true },
      'Offline – keeping 1 change on this device…'
    ],
    [
      { status: 'offline', unsavedChanges: 3, isStored: false },
      'Offline – 3 changes not saved yet'
    ],
    [{ status: 'closed', closed: { code: 4404, reason: '', message: 'Gone.' } }, 'Gone.'],
    [{ reverted }, 'Reverted: another editor holds the lock on ‘Send e-mail’'],
    [
      { reverted: { ...reverted, reason: 'not_your_turn' } },
      'Reverted: it is somebody else’s turn to edit'
    ]
  ])('%j', (part, label) => {
    const names = { resource: () => 'Send e-mail' }
    expect(saveLabel({ ...connected, ...part }, names)).toBe(label)
  })

  test('the holder’s name is said where it is known', () => {
    const names = { person: () => 'Ann' }
    expect(saveLabel({ ...connected, reverted }, names)).toBe(
      'Reverted: Ann holds the lock on ‘mail’'
    )
  })
})
