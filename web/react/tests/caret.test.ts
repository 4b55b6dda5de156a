/** Where a caret is after others have typed. */

import { expect, test } from 'vitest'
import { textDifference } from '../src/flow/text_difference'
import { movedBy } from '../src/hooks/use_caret'

test.each([
  ['hello', 'oh hello', 5, 8],
  ['hello', 'hello there', 5, 5],
  ['hello there', 'there', 8, 2],
  ['hello there', 'hello', 8, 5],
  ['abcdef', 'aXf', 3, 1]
])('%j to %j: from %d to %d', (before, after, place, moved) => {
  const difference = textDifference(before, after)
  expect(difference && movedBy(difference, place)).toBe(moved)
})
