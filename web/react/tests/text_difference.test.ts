/** The difference of two texts, as it is written into a Y.Text. */

import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { textDifference, wellFormed, writeText } from '../src/flow/text_difference'

describe('text difference', () => {
  test.each([
    ['', '', null],
    ['same', 'same', null],
    ['one three', 'one two three', { start: 5, removed: 0, inserted: 'wo t' }],
    ['abc', 'ac', { start: 1, removed: 1, inserted: '' }],
    ['abc', '', { start: 0, removed: 3, inserted: '' }],
    ['aa', 'aaa', { start: 2, removed: 0, inserted: 'a' }],
    // Both begin with the same half: 😀 is d83d de00, 😁 is d83d de01.
    ['x😀y', 'x😁y', { start: 1, removed: 2, inserted: '😁' }],
    // Both end with the same half: 😀 is d83d de00, 🨀 is d83e de00.
    ['x😀', 'x🨀', { start: 1, removed: 2, inserted: '🨀' }],
    ['😀', '😀😀', { start: 2, removed: 0, inserted: '😀' }]
  ])('from %j to %j', (before, after, difference) => {
    expect(textDifference(before, after)).toEqual(difference)
  })

  test('any text becomes any other', () => {
    const alphabet = ['a', 'b', '😀', '😁', '🨀', 'é']
    let seed = 7
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below
    const any = () => Array.from({ length: random(8) }, () => alphabet[random(6)]).join('')
    for (let round = 0; round < 500; round += 1) {
      const text = new Y.Doc().getText()
      text.insert(0, any())
      const next = any()
      writeText(text, next)
      expect(text.toJSON()).toBe(next)
    }
  })

  test('half characters do not reach the document', () => {
    expect(wellFormed('a\ud83d')).toBe('a\ufffd')
    expect(wellFormed('\ude00b')).toBe('\ufffdb')
    expect(wellFormed('😀')).toBe('😀')
  })
})
