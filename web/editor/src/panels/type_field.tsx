/** A node's type, kept on Enter or on leaving: half a word is no type. */

import { useClient } from '@coflow/react'
import { useEffect, useRef, useState } from 'react'
import * as Y from 'yjs'
import { useTell } from '../notices/notice_context'

interface Props {
  nodeId: string
  type: string
  isEditable: boolean
}

const MAX_CHARS = 100

export function TypeField({ nodeId, type, isEditable }: Props) {
  const client = useClient()
  const tell = useTell()
  const [draft, setDraft] = useState<string | null>(null)

  const keep = () => {
    const next = draft?.trim() ?? ''
    setDraft(null)
    if (next === '' || next === type) return
    if (!isEditable) {
      tell({ kind: 'warning', title: `The type is not “${next}”: the node cannot be changed now` })
      return
    }
    client.history.beginStep()
    client.edit((doc) => {
      const node = doc.getMap('nodes').get(nodeId)
      if (node instanceof Y.Map) node.set('type', next)
    })
  }

  // Another node may be selected, or this one locked, before one has left the field.
  const latest = useRef(keep)
  useEffect(() => {
    latest.current = keep
  })
  useEffect(() => () => latest.current(), [])
  useEffect(() => {
    if (!isEditable) latest.current()
  }, [isEditable])

  return (
    <label className="coflow-field">
      <span className="coflow-label">Type</span>
      <input
        className="coflow-input"
        type="text"
        spellCheck={false}
        maxLength={MAX_CHARS}
        readOnly={!isEditable}
        value={draft ?? type}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => {
          if (event.key === 'Enter') keep()
          if (event.key === 'Escape') setDraft(null)
        }}
      />
    </label>
  )
}
