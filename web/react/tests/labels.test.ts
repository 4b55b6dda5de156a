/** What the components make of colours, names, times and addresses. */
import { describe, expect, test } from 'vitest'
import { springStep } from '../src/components/cursor_motion'
import { parseEmailAddresses } from '../src/components/email_addresses'
import { initialsOf } from '../src/components/initials'
import { fillOf } from '../src/components/person_color'
import { activeLabel, expiryLabel, timeLeftLabel } from '../src/components/time_labels'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

describe('a person’s colour behind white text', () => {
  test.each(['#d6336c', '#7048e8', '#0ca678', '#66900c', '#d96f00', '#ffff00', '#ffffff'])(
    '%s is readable and no darker than needed',
    (color) => {
      const fill = fillOf(color)
      const contrast = 1.05 / (luminance(fill) + 0.05)
      expect(contrast).toBeGreaterThanOrEqual(4.5)
      if (fill !== color) expect(contrast).toBeLessThan(5)
    }
  )

  test('what is no colour becomes a neutral one', () => {
    expect(fillOf('red; background: url(x)')).toBe('#52525b')
  })
})

test.each([
  ['Ann Field', 'AF'],
  ['ann', 'A'],
  ['ann.field@example.org', 'AF'],
  ['Ann Maria Field', 'AF'],
  ['Émile', 'É'],
  ['(guest) 42', 'G4'],
  ['', '?'],
  ['🦊', '?']
])('the initials of “%s” are %s', (name, initials) => {
  expect(initialsOf(name)).toBe(initials)
})

test('times are said as people say them', () => {
  expect(activeLabel(0, 59_999)).toBe('active now')
  expect(activeLabel(0, 2 * minute + 1)).toBe('2 min ago')
  expect(activeLabel(0, 3 * hour)).toBe('3 h ago')
  expect(timeLeftLabel(29 * minute + 41_000, 0)).toBe('29:41 left')
  expect(timeLeftLabel(61 * minute, 0)).toBe('1 h 1 min left')
  expect(timeLeftLabel(0, minute)).toBe('0:00 left')
  expect(expiryLabel(null, 0)).toBe('never expires')
  expect(expiryLabel(7 * day, 10_000)).toBe('expires in 7 days')
  expect(expiryLabel(day, 0)).toBe('expires in 24 hours')
  expect(expiryLabel(0, 0)).toBe('expired')
})

test('addresses are taken as people paste them', () => {
  expect(
    parseEmailAddresses(
      'ann@example.org, Bob Marsh <bob@example.org>;ANN@example.org\ncy@x.example'
    )
  ).toEqual({
    valid: ['ANN@example.org', 'bob@example.org', 'cy@x.example'],
    invalid: []
  })
  expect(parseEmailAddresses('ann@localhost, bob')).toEqual({
    valid: [],
    invalid: ['ann@localhost', 'bob']
  })
  // Words are told of as they were typed.
  expect(
    parseEmailAddresses('bad address, ann@example.org bob@example.org no one; Ünï@exämple.org')
  ).toEqual({
    valid: ['ann@example.org', 'bob@example.org'],
    invalid: ['bad address', 'no one', 'Ünï@exämple.org']
  })
})

test('a cursor arrives without passing its target, whatever the frame rate', () => {
  for (const dtS of [1 / 144, 1 / 60, 1 / 20]) {
    let state = { at: 0, velocity: 0 }
    for (let t = 0; t < 0.6; t += dtS) {
      state = springStep(state.at, state.velocity, 100, dtS)
      expect(state.at).toBeLessThanOrEqual(100)
    }
    expect(state.at).toBeGreaterThan(99.9)
  }
})
