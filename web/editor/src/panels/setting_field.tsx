/** One text inside of a node's settings, kept on leaving: settings are one plain value in the document. */

import { useId, useState } from 'react'

interface Props {
  label: string
  value: string
  isLong: boolean
  isEditable: boolean
  onKeep: (value: string) => void
}

export function SettingField({ label, value, isLong, isEditable, onKeep }: Props) {
  const [draft, setDraft] = useState<string | null>(null)
  const id = useId()
  const keep = () => {
    if (draft !== null && draft !== value) onKeep(draft)
    setDraft(null)
  }
  const shared = {
    id,
    className: 'coflow-input',
    value: draft ?? value,
    readOnly: !isEditable,
    spellCheck: isLong,
    onBlur: keep
  }
  return (
    <div className="coflow-field">
      <label className="coflow-label" htmlFor={id}>
        {label}
      </label>
      {isLong ? (
        <textarea {...shared} rows={4} onChange={(event) => setDraft(event.target.value)} />
      ) : (
        <input
          {...shared}
          type="text"
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') keep()
            if (event.key === 'Escape') setDraft(null)
          }}
        />
      )}
    </div>
  )
}
