/** Nodes as this canvas shows them: with a name for screen readers, and no higher than what is in them. */

import type { Node } from '@xyflow/react'
import { useMemo } from 'react'
import { isNote, noteOf, titleOf } from './node_words'

/** By the document's object, so that React Flow too sees the same objects for the same nodes. */
const shown = new WeakMap<Node, Node>()

export function useShownNodes(nodes: Node[]): Node[] {
  return useMemo(() => {
    const parents = new Set(nodes.map((node) => node.parentId))
    return nodes.map((node) => {
      let card = shown.get(node)
      if (card === undefined) {
        card = isFrame(node, parents) ? named(node) : fitted(named(node))
        shown.set(node, card)
      }
      return card
    })
  }, [nodes])
}

function isFrame({ id, type, data }: Node, parents: ReadonlySet<string | undefined>): boolean {
  return parents.has(id) || type === 'group' || isNote(type, data)
}

function named(node: Node): Node {
  const { id, type, data } = node
  const note = isNote(type, data) ? noteOf(data) : ''
  return { ...node, ariaLabel: node.ariaLabel ?? (note === '' ? titleOf(data, type, id) : note) }
}

/** At most as high as the document says: other editors store what they measured. */
function fitted(node: Node): Node {
  const { height: maxHeight, style, ...rest } = node
  if (maxHeight === undefined) return node
  return { ...rest, style: { ...style, height: 'auto', maxHeight } }
}
