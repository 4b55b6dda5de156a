/** A node's type: half a word is no type. */

import { useClient } from '@coflow/react'
import * as Y from 'yjs'
import { KeptField } from './kept_field'

interface Props {
  nodeId: string
  type: string
  isEditable: boolean
}

export function TypeField({ nodeId, type, isEditable }: Props) {
  const client = useClient()
  const keep = (next: string) => {
    client.history.beginStep()
    client.edit((doc) => {
      const node = doc.getMap('nodes').get(nodeId)
      if (node instanceof Y.Map) node.set('type', next)
    })
  }
  return (
    <KeptField
      label="Type"
      value={type}
      isEditable={isEditable}
      refusal={(next) => `The type is not “${next}”: the node cannot be changed now`}
      onKeep={keep}
    />
  )
}
