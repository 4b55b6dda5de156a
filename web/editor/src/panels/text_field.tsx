/** One text of a node: typed into by several at once, with the names of those who are typing. */

import { useNodeText, useTyping } from '@coflow/react'
import { useId } from 'react'

interface Props {
  nodeId: string
  property: string
  label: string
  isLong: boolean
  isEditable: boolean
}

export function TextField({ nodeId, property, label, isLong, isEditable }: Props) {
  const { value, setValue } = useNodeText(nodeId, property)
  const { typists, onFocus, onBlur, onInput } = useTyping(nodeId, property)
  const id = useId()
  const shared = {
    id,
    className: 'coflow-input',
    value,
    readOnly: !isEditable,
    spellCheck: isLong,
    onFocus,
    onBlur
  }
  const change = (next: string) => {
    setValue(next)
    onInput()
  }

  return (
    <div className="coflow-field">
      <span className="ed-field__head">
        <label className="coflow-label" htmlFor={id}>
          {label}
        </label>
        <span className="ed-field__typing" role="status">
          {typists.length > 0 && typingWords(typists.map(({ name }) => name))}
        </span>
      </span>
      {isLong ? (
        <textarea {...shared} rows={4} onChange={(event) => change(event.target.value)} />
      ) : (
        <input {...shared} type="text" onChange={(event) => change(event.target.value)} />
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
