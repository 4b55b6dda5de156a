/** One text of a node: typed into by several at once, with the names of those who are typing. */

import { useNodeText, useTyping, type DataProperty, type NodeTextResult } from '@coflow/react'
import { useId, useState, type ReactNode } from 'react'
import { FieldFrame } from './field_frame'

interface Props {
  nodeId: string
  property: DataProperty
  label: string
  isEditable: boolean
  /** For what a node can do without. */
  onRemove?: (() => void) | undefined
}

interface Text {
  ref: NodeTextResult['ref']
  id: string
  className: string
  value: string
  readOnly: boolean
  onFocus: () => void
  onBlur: () => void
  onType: (next: string) => void
}

/** A text of one line. */
export function TextInput(props: Props) {
  return (
    <Field {...props}>
      {({ onType, ...field }) => (
        <input
          {...field}
          dir="auto"
          type="text"
          spellCheck={false}
          onChange={(event) => onType(event.target.value)}
        />
      )}
    </Field>
  )
}

/** One line high until the text is long; the same element all the time, so that nobody loses the focus in it. */
export function TextArea({ isLong, ...props }: Props & { isLong: boolean }) {
  const [isTall, setTall] = useState(isLong)
  if (isLong && !isTall) setTall(true)
  return (
    <Field {...props}>
      {({ onType, ...field }) => (
        <textarea
          {...field}
          dir="auto"
          rows={isTall ? 4 : 1}
          spellCheck={isTall}
          onChange={({ target: { value } }) => onType(isTall ? value : oneLineOf(value))}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !isTall) event.preventDefault()
          }}
        />
      )}
    </Field>
  )
}

function Field(props: Props & { children: (text: Text) => ReactNode }) {
  const { nodeId, property, label, isEditable, onRemove } = props
  const { value, setValue, ref } = useNodeText(nodeId, property)
  const { typists, onFocus, onBlur, onInput } = useTyping(nodeId, property)
  const id = useId()
  const onType = (next: string) => {
    setValue(next)
    onInput()
  }

  return (
    <FieldFrame {...{ id, property, label, typists, onRemove }}>
      {props.children({
        ...{ ref, id, value, onFocus, onBlur, onType },
        className: 'coflow-input',
        readOnly: !isEditable
      })}
    </FieldFrame>
  )
}

/** As a field of one line takes what is pasted. */
function oneLineOf(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ')
}
