/** What people call a node, an edge or the workflow: read from the document, without subscribing. */
import * as Y from 'yjs'
import type { ResourceType } from '../types'

function textOf(value: unknown): string | null {
  const text = value instanceof Y.Text ? value.toJSON() : value
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : null
}

function member(value: unknown, key: string): unknown {
  return value instanceof Y.Map ? value.get(key) : undefined
}

export function nodeName(doc: Y.Doc, id: string): string {
  const node = doc.getMap('nodes').get(id)
  const data = member(node, 'data')
  for (const key of ['label', 'title', 'name']) {
    const text = textOf(member(data, key))
    if (text !== null) return text
  }
  return textOf(member(node, 'type')) ?? id
}

export function resourceName(doc: Y.Doc, type: ResourceType | 'canvas', id: string): string {
  switch (type) {
    case 'node':
      return nodeName(doc, id)
    case 'edge': {
      const edge = doc.getMap('edges').get(id)
      const [source, target] = [textOf(member(edge, 'source')), textOf(member(edge, 'target'))]
      if (source === null || target === null) return id
      return `${nodeName(doc, source)} → ${nodeName(doc, target)}`
    }
    case 'canvas':
      return 'Canvas'
    case 'workflow':
      return 'Whole workflow'
  }
}
