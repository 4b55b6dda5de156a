/** What is around any field of a node: its label, who types in it, and how it is removed. */

import './fields.css'
import type { DataProperty, Participant } from '@coflow/react'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { IconButton } from '../app/icon_button'

interface Props {
  /** Of the element that the label is for. */
  id: string
  property: DataProperty
  label: string
  typists?: readonly Participant[]
  onRemove: (() => void) | undefined
  children: ReactNode
}

export function FieldFrame({ id, property, label, typists = [], onRemove, children }: Props) {
  return (
    <div
      className="coflow-field ed-field"
      data-key={typeof property === 'string' ? property : property.join('.')}
      data-removable={onRemove !== undefined || undefined}
    >
      <span className="ed-field__head">
        <label className="coflow-label" htmlFor={id}>
          {label}
        </label>
        <span className="ed-field__typing" role="status">
          {typists.length > 0 && typingWords(typists.map(({ name }) => name))}
        </span>
      </span>
      {children}
      {/* After the field: by keys one comes to what is typed first. */}
      {onRemove !== undefined && (
        <IconButton
          className="coflow-icon-button--small ed-field__remove"
          label={`Remove ${label}`}
          onClick={onRemove}
        >
          <X />
        </IconButton>
      )}
    </div>
  )
}

function typingWords(names: readonly string[]): string {
  const [first = '', second = ''] = names
  if (names.length === 1) return `${first} is typing…`
  if (names.length === 2) return `${first} and ${second} are typing…`
  return `${names.length} people are typing…`
}
