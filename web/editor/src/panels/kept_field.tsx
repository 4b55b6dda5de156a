/** A line that is kept on Enter or on leaving, where half a word would be another thing. */

import { useEffect, useRef, useState } from 'react'
import { useTell } from '../notices/notice_context'

interface Props {
  label: string
  value: string
  isEditable: boolean
  mayBeEmpty?: boolean
  /** What is said of a text that a lock has come before. */
  refusal: (next: string) => string
  onKeep: (next: string) => void
}

const MAX_CHARS = 100

export function KeptField(props: Props) {
  const { label, value, isEditable, mayBeEmpty = false, refusal, onKeep } = props
  const tell = useTell()
  const [draft, setDraft] = useState<string | null>(null)

  const keep = () => {
    if (draft === null) return
    const next = draft.trim()
    setDraft(null)
    if (next === value || (next === '' && !mayBeEmpty)) return
    if (isEditable) onKeep(next)
    else tell({ kind: 'warning', title: refusal(next) })
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
      <span className="coflow-label">{label}</span>
      <input
        className="coflow-input"
        type="text"
        spellCheck={false}
        maxLength={MAX_CHARS}
        readOnly={!isEditable}
        value={draft ?? value}
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
