/** Texts with line ends of other systems, edited in fields that know \n alone. */

import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { fieldValueOf, withLineEndsOf } from '../src/flow/line_ends'
import { writeText } from '../src/flow/text_difference'

describe('what a field has made of a text', () => {
  test.each([
    ['one\r\ntwo\r\nthree', 'one\ntwo!\nthree', 'one\r\ntwo!\r\nthree'],
    ['one\r\ntwo\r\n', 'one\ntwo\n\n', 'one\r\ntwo\r\n\r\n'],
    ['one\r\ntwo', 'onetwo', 'onetwo'],
    ['one\rtwo', 'one\ntwo\nthree', 'one\rtwo\rthree'],
    ['a\nb\r\nc', 'a\nb\nc\nd', 'a\nb\r\nc\nd'],
    ['a\r\n\r\n\r\nb', 'a\n\nb', 'a\r\n\r\nb'],
    ['one\r\ntwo', 'one\ntwo', 'one\r\ntwo'],
    ['one\r\n😀', 'one\n😁', 'one\r\n😁'],
    ['one\r\ntwo', '', ''],
    ['one\ntwo', 'one\ntwo!', 'one\ntwo!'],
    ['one\r\ntwo', 'three\r\nfour', 'three\r\nfour']
  ])('%j, shown and made into %j, is %j', (before, typed, expected) => {
    expect(withLineEndsOf(before, typed)).toBe(expected)
  })

  test('shows as typed, whatever is typed', () => {
    const parts = ['a', '\n', '\r\n', '\r', '😀', 'b']
    let seed = 11
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below
    const any = () => Array.from({ length: random(9) }, () => parts[random(6)]).join('')
    for (let round = 0; round < 1_000; round += 1) {
      const [before, typed] = [any(), fieldValueOf(any())]
      expect(fieldValueOf(withLineEndsOf(before, typed))).toBe(typed)
    }
  })
})

test('two who type into one text with foreign line ends tear nothing apart', () => {
  const text = 'first\r\nsecond\r\nthird'
  const [ann, bob] = [new Y.Doc(), new Y.Doc()]
  ann.getText().insert(0, text)
  Y.applyUpdate(bob, Y.encodeStateAsUpdate(ann))
  const type = (doc: Y.Doc, find: string, replace: string) => {
    const shared = doc.getText()
    const field = fieldValueOf(shared.toJSON()).replace(find, replace)
    writeText(shared, withLineEndsOf(shared.toJSON(), field))
  }
  type(ann, 'first', 'first of all')
  type(ann, 'third', 'third, by Ann')
  type(bob, 'second', 'second, by Bob\nand more')
  Y.applyUpdate(ann, Y.encodeStateAsUpdate(bob))
  Y.applyUpdate(bob, Y.encodeStateAsUpdate(ann))
  const both = 'first of all\r\nsecond, by Bob\r\nand more\r\nthird, by Ann'
  expect([ann, bob].map((doc) => doc.getText().toJSON())).toEqual([both, both])
})
