/** Numbers, and what is yes or no, in a node's data: who sets one last wins. */

import { useClient, useTyping } from '@coflow/react'
import { Switch } from 'radix-ui'
import { useId, useState } from 'react'
import { useFlowContext } from '../canvas/flow_context'
import { FieldFrame } from './field_frame'

interface Props<T> {
  nodeId: string
  dataKey: string
  label: string
  value: T
  isEditable: boolean
  onRemove?: (() => void) | undefined
}

export function NumberField(props: Props<number>) {
  const { nodeId, dataKey, label, value, isEditable, onRemove } = props
  const { updateNodeData } = useFlowContext()
  const { typists, onFocus, onBlur, onInput } = useTyping(nodeId, [dataKey])
  // What is typed on the way to a number, such as nothing, or `1.`, for as long as nobody sets another one.
  const [draft, setDraft] = useState<{ text: string; of: number } | null>(null)
  const id = useId()

  return (
    <FieldFrame {...{ id, property: [dataKey], label, typists, onRemove }}>
      <input
        id={id}
        className="coflow-input"
        type="number"
        step="any"
        readOnly={!isEditable}
        value={draft?.of === value ? draft.text : String(value)}
        onFocus={(event) => {
          event.target.select()
          onFocus()
        }}
        onBlur={() => {
          setDraft(null)
          onBlur()
        }}
        onChange={({ target: { value: text, valueAsNumber: next } }) => {
          const isNumber = Number.isFinite(next)
          setDraft({ text, of: isNumber ? next : value })
          if (isNumber) updateNodeData(nodeId, { [dataKey]: next })
          onInput()
        }}
        // The wheel scrolls the panel: it would count, too.
        onWheel={(event) => event.currentTarget.blur()}
      />
    </FieldFrame>
  )
}

export function SwitchField(props: Props<boolean>) {
  const { nodeId, dataKey, label, value, isEditable, onRemove } = props
  const { updateNodeData } = useFlowContext()
  const client = useClient()
  const id = useId()
  const set = (isOn: boolean) => {
    client.history.beginStep()
    updateNodeData(nodeId, { [dataKey]: isOn })
  }

  if (!isEditable) {
    return (
      <FieldFrame {...{ id, property: [dataKey], label, onRemove }}>
        <output id={id} className="ed-inspector__value">
          {value ? 'Yes' : 'No'}
        </output>
      </FieldFrame>
    )
  }
  return (
    <FieldFrame {...{ id, property: [dataKey], label, onRemove }}>
      <span className="ed-field__switch">
        <Switch.Root
          id={id}
          className="coflow-switch coflow-focusable"
          checked={value}
          onCheckedChange={set}
        >
          <Switch.Thumb className="coflow-switch__thumb" />
        </Switch.Root>
        <span aria-hidden="true">{value ? 'Yes' : 'No'}</span>
      </span>
    </FieldFrame>
  )
}
