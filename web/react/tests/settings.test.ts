/** The settings of a node, one level inside of its data: shared, written one by one, and reached by a path. */

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { isEqualJson } from '../src/client/equality'
import { dataPathOf, nameOf, type DataProperty } from '../src/flow/data_path'
import { nodeTextOf } from '../src/flow/node_text'
import { graphOf, NODES } from '../src/flow/read_graph'
import { createEntity, writeData, writeSetting } from '../src/flow/write_graph'
import { addNode, isSaved, join, leaveAll, type Person } from './people'
import { ServerProcess } from './server_process'
import { until } from './until'

const LONG = 'You answer questions about the quarterly reports, and about nothing else at all.'

function docWith(data: Record<string, unknown>): Y.Doc {
  const doc = new Y.Doc()
  createEntity(doc, NODES, { id: 'n', ...{ position: { x: 0, y: 0 } }, data }, 0)
  return doc
}

function dataOf(doc: Y.Doc): Y.Map<unknown> {
  return (doc.getMap(NODES).get('n') as Y.Map<unknown>).get('data') as Y.Map<unknown>
}

function settingsOf(doc: Y.Doc, key = 'inputs'): Y.Map<unknown> {
  return dataOf(doc).get(key) as Y.Map<unknown>
}

function exchange(one: Y.Doc, other: Y.Doc): void {
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one))
  Y.applyUpdate(one, Y.encodeStateAsUpdate(other))
}

function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  return copy
}

describe('what becomes of data', () => {
  test.each([
    ['x'.repeat(64), false],
    ['x'.repeat(65), true],
    ['😀'.repeat(64), false],
    ['😀'.repeat(65), true],
    ['a\nb', true],
    ['a\rb', true],
    ['a\u2028b', false],
    ['', false],
    [['x'.repeat(65)], false],
    [{ prompt: 'x'.repeat(65) }, false]
  ])('the setting %j is a text: %s, as on the server', (value, isText) => {
    const doc = docWith({ inputs: { some: value } })
    writeSetting(doc.getMap(NODES).get('n'), 'inputs', 'other', value)
    for (const key of ['some', 'other']) {
      expect(settingsOf(doc).get(key) instanceof Y.Text).toBe(isText)
    }
    expect(graphOf(doc).nodes[0]?.data).toEqual({ inputs: { some: value, other: value } })
  })

  test('exactly one level is shared, and only objects are', () => {
    const data = {
      inputs: { prompt: 'p', inputs: { prompt: LONG }, list: [{ code: LONG }] },
      parameters: [LONG],
      config: null,
      label: LONG,
      options: { prompt: LONG }
    }
    const doc = docWith(data)
    expect(settingsOf(doc).get('prompt')).toBeInstanceOf(Y.Text)
    expect(settingsOf(doc).get('inputs')).toEqual({ prompt: LONG })
    expect(dataOf(doc).get('parameters')).toEqual([LONG])
    expect(dataOf(doc).get('label')).toBe(LONG)
    expect(dataOf(doc).get('options')).toEqual({ prompt: LONG })
    expect(graphOf(doc).nodes[0]?.data).toEqual(data)
  })
})

describe('writing', () => {
  test('a whole object writes only the settings that differ', () => {
    const doc = docWith({ inputs: { model: 'gpt', system: LONG, topK: 4, gone: 1, same: [1] } })
    const other = copyOf(doc)
    const changed: string[] = []
    settingsOf(doc).observeDeep((events) => {
      for (const { path, keys } of events) changed.push(...path.map(String), ...keys.keys())
    })
    doc.transact(() => {
      const inputs = { model: 'gpt', system: `${LONG} Thanks.`, topK: 5, same: [1], new: true }
      writeData(doc.getMap(NODES).get('n'), { inputs })
    })
    expect(changed.sort()).toEqual(['gone', 'new', 'system', 'topK'])

    const theirs = settingsOf(other)
    theirs.set('model', 'llama')
    ;(theirs.get('system') as Y.Text).insert(0, 'Please: ')
    exchange(doc, other)
    const expected = {
      ...{ model: 'llama', system: `Please: ${LONG} Thanks.` },
      ...{ topK: 5, same: [1], new: true }
    }
    expect(settingsOf(doc).toJSON()).toEqual(expected)
    expect(settingsOf(other).toJSON()).toEqual(expected)
  })

  test('a plain object of an older document stays one, and is written from what it is now', () => {
    const doc = docWith({})
    dataOf(doc).set('inputs', { model: 'gpt', topK: 4 })
    const node = () => doc.getMap(NODES).get('n')
    dataOf(doc).set('inputs', { model: 'gpt', topK: 9 })
    writeSetting(node(), 'inputs', 'system', LONG)
    expect(dataOf(doc).get('inputs')).toEqual({ model: 'gpt', topK: 9, system: LONG })
    writeData(node(), { inputs: { topK: 1 } })
    expect(dataOf(doc).get('inputs')).toEqual({ topK: 1 })
  })

  test('a setting of what has none creates them; what is no object is left alone', () => {
    const doc = docWith({ parameters: 'none', config: null })
    const node = doc.getMap(NODES).get('n')
    for (const key of ['inputs', 'parameters', 'config']) writeSetting(node, key, 'a.b', 'x')
    expect(dataOf(doc).toJSON()).toEqual({
      inputs: { 'a.b': 'x' },
      parameters: 'none',
      config: { 'a.b': 'x' }
    })
    expect(settingsOf(doc)).toBeInstanceOf(Y.Map)
    expect(settingsOf(doc, 'config')).toBeInstanceOf(Y.Map)
  })

  test('a plain text that grows long stays plain, and a shared one stays shared', () => {
    const doc = docWith({ inputs: { a: 'short', b: LONG } })
    const node = doc.getMap(NODES).get('n')
    const text = settingsOf(doc).get('b')
    writeSetting(node, 'inputs', 'a', LONG)
    writeSetting(node, 'inputs', 'b', 'short')
    expect(settingsOf(doc).get('a')).toBe(LONG)
    expect(settingsOf(doc).get('b')).toBe(text)
    expect(settingsOf(doc).toJSON()).toEqual({ a: LONG, b: 'short' })
  })
})

test.each<[DataProperty, readonly string[], string]>([
  ['prompt', ['prompt'], 'data.prompt'],
  ['data.prompt', ['prompt'], 'data.prompt'],
  ['data.inputs.model', ['inputs', 'model'], 'data.inputs.model'],
  ['inputs.model', ['inputs', 'model'], 'data.inputs.model'],
  ['data.inputs.a.b', ['inputs', 'a.b'], 'data.inputs.a.b'],
  [['inputs', 'a.b'], ['inputs', 'a.b'], 'data.inputs.a.b'],
  [['a.b'], ['a.b'], 'data.a.b'],
  [['data.x', 'y'], ['data.x', 'y'], 'data.data.x.y'],
  ['data', ['data'], 'data.data']
])('the property %j is at %j', (property, path, name) => {
  expect(dataPathOf(property)).toEqual(path)
  expect(nameOf(property)).toBe(name)
})

describe('two people', () => {
  let server: ServerProcess
  beforeAll(async () => {
    server = await ServerProcess.start()
  })
  afterEach(leaveAll)
  afterAll(() => server.stop())

  const textOf = ({ client }: Person, property: DataProperty) =>
    nodeTextOf(client, 'n', dataPathOf(property))

  async function together(workflowId: string): Promise<[Person, Person]> {
    const ann = await join(server, 'ann', { workflowId })
    addNode(ann, 'n', { label: 'N', inputs: { system: LONG, model: 'gpt', 'a.b': 'dots' } })
    await isSaved(ann)
    const ben = await join(server, 'ben', { workflowId })
    return [ann, ben]
  }

  test('type in one text, and set two settings, while neither sees the other', async () => {
    const [ann, ben] = await together('settings-apart')
    ann.client.disconnect()
    ben.client.disconnect()
    ann.flow.setNodeText('n', ['inputs', 'system'], `Please: ${LONG}`)
    ben.flow.setNodeText('n', ['inputs', 'system'], `${LONG} Thanks.`)
    ann.flow.setNodeText('n', ['inputs', 'model'], 'llama')
    ben.flow.updateNodeData('n', { inputs: { ...settingsOf(ben.client.doc).toJSON(), topK: 4 } })
    ann.client.connect()
    ben.client.connect()
    const expected = {
      ...{ system: `Please: ${LONG} Thanks.`, model: 'llama' },
      ...{ 'a.b': 'dots', topK: 4 }
    }
    const isThere = (value: unknown) => isEqualJson(value, expected)
    for (const { client } of [ann, ben]) {
      await until(() => isThere(settingsOf(client.doc).toJSON()), `${client.userId} has both edits`)
    }
    await until(async () => {
      const { nodes } = await ann.client.rest.getWorkflow('settings-apart')
      return isThere((nodes[0]?.data as { inputs?: unknown }).inputs)
    }, 'the server has both edits')
  })

  test('a text is reached by its path, and told of when it changes and not otherwise', async () => {
    const [ann, ben] = await together('settings-path')
    const store = textOf(ben, 'data.inputs.system')
    expect(store.get().value).toBe(LONG)
    expect(store.get().ytext).toBeInstanceOf(Y.Text)
    expect(textOf(ben, ['inputs', 'a.b']).get()).toEqual({ value: 'dots', ytext: null })
    const [told, toldToo] = [vi.fn(), vi.fn()]
    const stops = [store.subscribe(told), store.subscribe(toldToo)]
    ann.flow.setNodeText('n', ['inputs', 'model'], 'llama')
    ann.flow.updateNodeData('n', { label: 'M' })
    await until(() => graphOf(ben.client.doc).nodes[0]?.data.label === 'M', 'ben has it')
    expect(told).not.toHaveBeenCalled()
    ann.flow.setNodeText('n', ['inputs', 'system'], `${LONG}!`)
    await until(() => store.get().value === `${LONG}!`, 'ben reads it')
    expect(told).toHaveBeenCalledTimes(1)
    expect(toldToo).toHaveBeenCalledTimes(1)
    for (const stop of stops) stop()
  })

  test('a locked node’s settings are not written, and what slipped through is taken back', async () => {
    const [ann, ben] = await together('settings-locked')
    await ann.client.acquireLock('node', 'n')
    await until(() => ben.flow.isLockedByOther('node', 'n') !== null, 'ben knows of the lock')
    ben.flow.setNodeText('n', ['inputs', 'model'], 'bens')
    expect(settingsOf(ben.client.doc).get('model')).toBe('gpt')
    // As one who does not know of the lock yet.
    ben.client.edit((doc) => writeSetting(doc.getMap(NODES).get('n'), 'inputs', 'model', 'bens'))
    ann.flow.setNodeText('n', ['inputs', 'system'], `${LONG} Anns.`)
    await until(() => settingsOf(ben.client.doc).get('model') === 'gpt', 'it is taken back')
    await until(() => textOf(ben, 'inputs.system').get().value.endsWith('Anns.'), 'ann goes on')
    expect(ben.client.connection.get().reverted).not.toBeNull()
  })

  test('what is typed after `separate` is another step of undo', async () => {
    const [ann] = await together('settings-undo')
    const settings = () => settingsOf(ann.client.doc).toJSON()
    ann.flow.setNodeText('n', ['inputs', 'model'], 'llama')
    ann.flow.setNodeText('n', ['inputs', 'model'], 'llama 3')
    ann.client.history.separate()
    ann.flow.setNodeText('n', ['inputs', 'system'], `${LONG}!`)
    ann.client.history.undo()
    expect(settings()).toMatchObject({ model: 'llama 3', system: LONG })
    ann.client.history.undo()
    expect(settings()).toMatchObject({ model: 'gpt', system: LONG })
    ann.client.history.redo()
    expect(settings()).toMatchObject({ model: 'llama 3', system: LONG })
  })
})
