/** Gives a node what it has not: a prompt, a description, or a text, a number, a yes or no of another name. */

import { useClient } from '@coflow/react'
import { Plus } from 'lucide-react'
import { useEffect, useId, useRef, useState, type KeyboardEvent, type RefObject } from 'react'
import { useFlowContext } from '../canvas/flow_context'
import type { NodeData } from '../canvas/node_words'
import { keyOfName, refusalOfName } from './field_names'

interface Props {
  nodeId: string
  data: NodeData
  isEditable: boolean
  /** It is there, and drawn, in a moment. */
  onAdded: (key: string) => void
}

const FREQUENT = ['Prompt', 'Description']
const MAX_CHARS = 60
const kinds = { text: 'Text', number: 'Number', boolean: 'Yes or no' } as const
type Kind = keyof typeof kinds
const beginnings = { text: '', number: 0, boolean: false } as const

export function AddField(props: Props & { button: RefObject<HTMLButtonElement | null> }) {
  const { button, ...rest } = props
  const [isOpen, setOpen] = useState(false)
  const close = () => {
    setOpen(false)
    requestAnimationFrame(() => button.current?.focus())
  }
  // Whom a lock surprises keeps what is typed, and is told.
  if (isOpen) return <Form {...rest} onEnd={() => setOpen(false)} onCancel={close} />
  if (!props.isEditable) return null
  return (
    <button
      ref={button}
      type="button"
      className="coflow-button coflow-button--quiet coflow-button--small ed-add-field__open"
      onClick={() => setOpen(true)}
    >
      <Plus aria-hidden="true" />
      Add a field
    </button>
  )
}

function Form(props: Props & { onEnd: () => void; onCancel: () => void }) {
  const { nodeId, data, isEditable, onAdded, onEnd, onCancel } = props
  const { updateNodeData } = useFlowContext()
  const client = useClient()
  const id = useId()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<Kind>('text')
  const [problem, setProblem] = useState<string | null>(null)
  const form = useRef<HTMLFormElement>(null)
  // To its last button: the focus alone brings only the name into sight.
  useEffect(() => {
    form.current?.scrollIntoView({ block: 'nearest' })
  }, [])

  const add = (chosen: string, as: Kind) => {
    const refusal = isEditable ? refusalOfName(chosen, data) : 'The step cannot be changed now'
    setProblem(refusal)
    if (refusal !== null) return
    const key = keyOfName(chosen)
    onAdded(key)
    client.history.beginStep()
    updateNodeData(nodeId, { [key]: beginnings[as] })
    onEnd()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    // Only out of here, not out of the inspector.
    event.preventDefault()
    onCancel()
  }

  return (
    <form
      ref={form}
      className="ed-add-field"
      aria-label="New field"
      onKeyDown={onKeyDown}
      onSubmit={(event) => {
        event.preventDefault()
        add(name, kind)
      }}
    >
      <div className="ed-add-field__frequent">
        {FREQUENT.filter((each) => refusalOfName(each, data) === null).map((each) => (
          <button
            key={each}
            type="button"
            className="coflow-button coflow-button--small"
            onClick={() => add(each, 'text')}
          >
            <Plus aria-hidden="true" />
            {each}
          </button>
        ))}
      </div>
      <div className="ed-add-field__what">
        <div className="coflow-field">
          <label className="coflow-label" htmlFor={`${id}name`}>
            Name of the field
          </label>
          <input
            id={`${id}name`}
            className="coflow-input"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            maxLength={MAX_CHARS}
            value={name}
            aria-invalid={problem !== null}
            aria-describedby={`${id}problem`}
            onChange={(event) => {
              setName(event.target.value)
              setProblem(null)
            }}
          />
        </div>
        <label className="coflow-field">
          <span className="coflow-label">Kind</span>
          <select
            className="coflow-input"
            value={kind}
            onChange={(event) => setKind(event.target.value as Kind)}
          >
            {Object.entries(kinds).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p className="ed-error ed-add-field__problem" id={`${id}problem`} role="alert">
        {problem}
      </p>
      <div className="ed-add-field__actions">
        <button
          type="button"
          className="coflow-button coflow-button--quiet coflow-button--small"
          onClick={onCancel}
        >
          Cancel
        </button>
        <button type="submit" className="coflow-button coflow-button--primary coflow-button--small">
          Add
        </button>
      </div>
    </form>
  )
}
