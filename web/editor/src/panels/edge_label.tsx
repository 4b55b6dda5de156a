/** The words on an edge. */

import { useClient } from '@coflow/react'
import type { Edge } from '@xyflow/react'
import { useState } from 'react'
import * as Y from 'yjs'
import { labelOf } from '../canvas/edge_words'
import { KeptField } from './kept_field'

export function EdgeLabel({ edge, isEditable }: { edge: Edge; isEditable: boolean }) {
  const client = useClient()
  const value = labelOf(edge)
  // It stays, once shown: a lock that comes while one types takes only what is typed.
  const [isShown, setShown] = useState(false)
  if (!isShown && (isEditable || value !== '')) setShown(true)
  const keep = (next: string) => {
    client.history.beginStep()
    client.edit((doc) => {
      const entry = doc.getMap('edges').get(edge.id)
      if (entry instanceof Y.Map) write(entry as Y.Map<unknown>, next)
    })
  }
  if (!isShown) return null
  return (
    <KeptField
      label="Label"
      value={value}
      isEditable={isEditable}
      mayBeEmpty
      refusal={(next) => `The label is not “${next}”: the edge cannot be changed now`}
      onKeep={keep}
    />
  )
}

function write(edge: Y.Map<unknown>, label: string): void {
  if (label !== '') {
    edge.set('label', label)
    return
  }
  edge.delete('label')
  // The one that another editor keeps there would show in its place.
  const data = edge.get('data')
  if (data instanceof Y.Map) data.delete('label')
}
