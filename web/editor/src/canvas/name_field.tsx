/** A name that is text until one clicks it. Enter or leaving keeps what was typed, Esc does not. */

import { useRef, useState } from 'react'

interface Props {
  value: string
  isEditable: boolean
  onChange: (value: string) => void
}

const MAX_CHARS = 200

export function NameField({ value, isEditable, onChange }: Props) {
  const [draft, setDraft] = useState<string | null>(null)
  const isDropped = useRef(false)
  const shown = value === '' ? 'Untitled' : value

  if (!isEditable)
    return (
      <h1 className="ed-name" dir="auto">
        {shown}
      </h1>
    )

  const finish = () => {
    const next = draft?.trim() ?? ''
    if (!isDropped.current && next !== '' && next !== value) onChange(next)
    isDropped.current = false
    setDraft(null)
  }
  return (
    <h1 className="ed-name ed-name--editable">
      {/* Gives the field the width of its text. */}
      <span className="ed-name__width" aria-hidden="true">
        {draft ?? shown}
      </span>
      <input
        aria-label="Name of the workflow"
        dir="auto"
        spellCheck={false}
        maxLength={MAX_CHARS}
        value={draft ?? shown}
        onFocus={(event) => {
          setDraft(value)
          event.target.select()
        }}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== 'Escape') return
          isDropped.current = event.key === 'Escape'
          event.currentTarget.blur()
        }}
      />
    </h1>
  )
}
