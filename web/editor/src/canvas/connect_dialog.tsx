/** Connecting a step without a pointer: what it leads to, chosen from a list. */

import { useClient } from '@coflow/react'
import { useReactFlow } from '@xyflow/react'
import { Dialog } from 'radix-ui'
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useAnnounce } from './announce_context'
import { focusSubject } from './canvas_focus'
import { useCanvasState } from './canvas_state'
import { choicesFrom, outputsOf, type Choice } from './connect_choices'
import { useFlowContext } from './flow_context'
import { titleOf } from './node_words'

export function ConnectDialog() {
  const { connecting, setConnecting } = useCanvasState()
  const { nodes } = useFlowContext()
  const node = nodes.find(({ id }) => id === connecting)
  const source = useRef<string | null>(null)
  useEffect(() => {
    if (connecting !== null) source.current = connecting
  }, [connecting])

  return (
    <Dialog.Root open={node !== undefined} onOpenChange={() => setConnecting(null)}>
      <Dialog.Portal>
        <Dialog.Overlay className="coflow-overlay" />
        <Dialog.Content
          className="coflow-dialog ed-connect"
          aria-describedby={undefined}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            if (source.current !== null) focusSubject({ type: 'node', id: source.current })
          }}
        >
          {node !== undefined && (
            <>
              <Dialog.Title className="coflow-dialog__title">
                Connect “{titleOf(node.data, node.type, node.id)}” to…
              </Dialog.Title>
              <Targets source={node.id} onEnd={() => setConnecting(null)} />
            </>
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Targets({ source, onEnd }: { source: string; onEnd: () => void }) {
  const { nodes, edges, onConnect } = useFlowContext()
  const client = useClient()
  const announce = useAnnounce()
  const { getInternalNode } = useReactFlow()
  const id = useId()
  const [typed, setTyped] = useState('')
  const [chosen, setChosen] = useState(0)
  const outputs = useMemo(() => outputsOf(nodes, edges, source), [nodes, edges, source])
  const [output, setOutput] = useState(0)
  const sourceHandle = outputs[output]?.id ?? null

  const choices = useMemo(() => {
    const placeOf = (nodeId: string) =>
      getInternalNode(nodeId)?.internals.positionAbsolute ?? { x: 0, y: 0 }
    const wanted = typed.trim().toLowerCase()
    return choicesFrom({ nodes, edges, placeOf }, { source, sourceHandle }).filter(
      ({ title, detail, isConnected }) =>
        !isConnected && `${title} ${detail}`.toLowerCase().includes(wanted)
    )
  }, [nodes, edges, source, sourceHandle, typed, getInternalNode])
  const at = Math.min(chosen, choices.length - 1)

  const connect = ({ target, targetHandle, title }: Choice) => {
    client.history.beginStep()
    onConnect({ source, sourceHandle, target, targetHandle })
    announce(`Connected to ${title}`)
    onEnd()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const step = steps[event.key]
    const choice = choices[at]
    if (step !== undefined && choices.length > 0) {
      setChosen((at + step + choices.length) % choices.length)
    } else if (event.key === 'Enter' && !event.nativeEvent.isComposing && choice !== undefined) {
      connect(choice)
    } else {
      return
    }
    event.preventDefault()
  }

  return (
    <>
      {outputs.length > 1 && (
        <label className="coflow-field">
          <span className="coflow-label">From</span>
          <select
            className="coflow-input"
            value={output}
            onChange={(event) => setOutput(Number(event.target.value))}
          >
            {outputs.map(({ id: handle, label }, index) => (
              <option key={handle ?? ''} value={index}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
      <input
        className="coflow-input"
        role="combobox"
        aria-label="Step to connect to"
        aria-expanded
        aria-controls={`${id}list`}
        aria-activedescendant={choices.length === 0 ? undefined : `${id}${at}`}
        placeholder="Find a step"
        autoFocus
        spellCheck={false}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          setChosen(0)
        }}
        onKeyDown={onKeyDown}
      />
      <ul className="ed-connect__list" id={`${id}list`} role="listbox" aria-label="Steps">
        {choices.map((choice, index) => (
          <Option
            key={`${choice.target} ${choice.targetHandle ?? ''}`}
            id={`${id}${index}`}
            choice={choice}
            isChosen={index === at}
            onChoose={() => connect(choice)}
          />
        ))}
      </ul>
      {choices.length === 0 && (
        <p className="ed-connect__none" role="status">
          {typed === '' ? 'There is nothing left to connect to.' : 'No step is called like that.'}
        </p>
      )}
    </>
  )
}

interface OptionProps {
  id: string
  choice: Choice
  isChosen: boolean
  onChoose: () => void
}

function Option({ id, choice, isChosen, onChoose }: OptionProps) {
  const ref = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (isChosen) ref.current?.scrollIntoView({ block: 'nearest' })
  }, [isChosen])
  return (
    <li
      ref={ref}
      id={id}
      className="ed-connect__choice"
      role="option"
      aria-selected={isChosen}
      onClick={onChoose}
    >
      <span>{choice.title}</span>
      {choice.detail !== '' && <small>{choice.detail}</small>}
    </li>
  )
}
