/** What any edge, whoever made it, says on the canvas. PURE. */

import type { Edge } from '@xyflow/react'
import { textOf } from './node_words'

export function labelOf({ label, data }: Pick<Edge, 'label' | 'data'>): string {
  return textOf(label) || textOf(data?.label)
}
