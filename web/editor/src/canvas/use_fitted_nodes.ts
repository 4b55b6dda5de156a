/** Cards as high as what they show, at most as the document says: other editors store what they measured. */

import type { Node } from '@xyflow/react'
import { useMemo } from 'react'
import { isNote } from './node_words'

/** By the document's object, so that React Flow too sees the same objects for the same nodes. */
const fitted = new WeakMap<Node, Node>()

export function useFittedNodes(nodes: Node[]): Node[] {
  return useMemo(() => {
    const parents = new Set(nodes.map((node) => node.parentId))
    return nodes.map((node) => {
      const { height } = node
      const isFrame = parents.has(node.id) || node.type === 'group' || isNote(node.type, node.data)
      if (height === undefined || isFrame) return node
      let card = fitted.get(node)
      if (card === undefined) {
        const { height: maxHeight, style, ...rest } = node
        card = { ...rest, style: { ...style, height: 'auto', maxHeight } }
        fitted.set(node, card)
      }
      return card
    })
  }, [nodes])
}
