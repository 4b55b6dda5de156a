// Write updates made by the real yjs to tests/data/yjs_updates.json; run once, when yjs changes:
//   npm install yjs@13 (in a directory above this file), node make_yjs_updates.mjs > ../data/yjs_updates.json
// Each case holds the updates in the order in which they were made, and what a document holds that
// applied them all. Nothing is random: client ids are set, and so are the edits.
import * as Y from 'yjs'

const hex = (bytes) => Buffer.from(bytes).toString('hex')

function client (id, updates, from = null) {
  const doc = new Y.Doc()
  doc.clientID = id
  for (const root of ['nodes', 'edges', 'meta', 'breakpoints']) doc.getMap(root)
  if (from !== null) Y.applyUpdate(doc, Y.encodeStateAsUpdate(from))
  doc.on('update', (update, origin) => { if (origin !== 'remote') updates.push(update) })
  return doc
}

function node (doc, id, prompt) {
  const map = new Y.Map()
  const data = new Y.Map()
  doc.transact(() => {
    doc.getMap('nodes').set(id, map)
    map.set('id', id)
    map.set('type', 'llm')
    map.set('position', { x: 10.5, y: -20 })
    map.set('order', 1)
    map.set('data', data)
    data.set('prompt', new Y.Text(prompt))
    data.set('nothing', null)
    data.set('undefined', undefined)
    data.set('deep', { list: [1, 1.5, -0, 'ä', true, false, null, { a: [] }], big: 2 ** 40 })
  })
  return map
}

const text = (doc, id) => doc.getMap('nodes').get(id).get('data').get('prompt')

const cases = {
  'nodes and values' (updates) {
    const doc = client(1, updates)
    node(doc, 'a', 'Hello')
    doc.getMap('meta').set('tags', ['x', 'ÿ', '漢字', '😀'])
    doc.getMap('nodes').get('a').set('position', { x: 1, y: 2 })
    doc.getMap('nodes').delete('a')
    node(doc, 'a', 'again')
    return doc
  },
  'text with astral characters and formatting' (updates) {
    const doc = client(2 ** 32 - 1, updates)
    node(doc, 'a', 'x😀y')
    text(doc, 'a').insert(3, '👩‍👩‍👧 end')
    text(doc, 'a').format(0, 3, { bold: true, link: { href: 'https://example.org/?a=ü' } })
    text(doc, 'a').format(1, 2, { bold: null })
    text(doc, 'a').insertEmbed(1, { image: 'data:,', sizes: [1, 2] })
    text(doc, 'a').delete(4, 3)
    return doc
  },
  'undo and redo' (updates) {
    const doc = client(77, updates)
    node(doc, 'a', 'abc')
    const undo = new Y.UndoManager([doc.getMap('nodes')], { captureTimeout: 0 })
    text(doc, 'a').insert(3, 'def')
    doc.getMap('nodes').delete('a')
    undo.undo()
    undo.undo()
    undo.redo()
    undo.redo()
    undo.undo()
    return doc
  },
  'two clients offline' (updates) {
    const base = client(5, updates)
    node(base, 'a', 'base')
    const left = client(6, updates, base)
    const right = client(2 ** 31, updates, base)
    text(left, 'a').insert(2, 'LEFT😀')
    text(right, 'a').insert(2, 'RIGHT')
    text(right, 'a').delete(0, 1)
    left.getMap('nodes').get('a').set('type', 'left')
    right.getMap('nodes').get('a').set('type', 'right')
    left.getMap('nodes').delete('a')
    node(right, 'b', 'beside')
    for (const [from, to] of [[left, right], [right, left], [left, base]]) {
      Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)), 'remote')
    }
    updates.push(Y.encodeStateAsUpdate(base), Y.mergeUpdates(updates.slice(1)))
    return base
  },
  'merged with a gap' (updates) {
    const all = []
    const doc = client(9, all)
    node(doc, 'a', 'one')
    text(doc, 'a').insert(3, ' two')
    text(doc, 'a').insert(7, ' three')
    // A Skip struct stands for what lies between.
    updates.push(Y.mergeUpdates([all[0], all[2]]), all[1])
    return doc
  },
  'pending structs in a step 2' (updates) {
    const all = []
    const doc = client(11, all)
    node(doc, 'a', 'one')
    text(doc, 'a').insert(3, ' two')
    const other = client(12, [])
    node(other, 'b', 'other')
    Y.applyUpdate(other, all[1], 'remote')
    updates.push(Y.encodeStateAsUpdate(other), all[0])
    Y.applyUpdate(other, all[0], 'remote')
    return other
  }
}

const out = Object.entries(cases).map(([name, make]) => {
  const updates = []
  const doc = make(updates)
  const json = {}
  for (const root of ['nodes', 'edges', 'meta', 'breakpoints']) json[root] = doc.getMap(root).toJSON()
  return { name, updates: updates.map(hex), state: hex(Y.encodeStateVector(doc)), json }
})
process.stdout.write(JSON.stringify({ note: 'Made by tests/clients/make_yjs_updates.mjs with yjs 13.6', cases: out }, null, 1) + '\n')
