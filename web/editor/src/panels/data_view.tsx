/** What the editor has no fields for, as JSON, folded. */

import { ChevronRight } from 'lucide-react'
import { useMemo, useState } from 'react'

export function DataView({ label, value }: { label: string; value: Record<string, unknown> }) {
  const count = Object.keys(value).length
  const [isOpen, setOpen] = useState(false)
  if (count === 0) return null
  return (
    <details className="ed-data" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <ChevronRight size={14} aria-hidden="true" />
        {label}
        <span className="ed-data__count">{count}</span>
      </summary>
      {isOpen && <Json value={value} />}
    </details>
  )
}

function Json({ value }: { value: Record<string, unknown> }) {
  const text = useMemo(() => JSON.stringify(value, null, 2), [value])
  return (
    <pre tabIndex={0} aria-label="Other data as JSON">
      {text}
    </pre>
  )
}
