/** How often a field renders, and which functions the hooks give, for tests to read. */

import { useRef } from 'react'
import { ReactFlow } from '@xyflow/react'
import {
  CoflowProvider,
  CollaborativeCursor,
  useCollaboration,
  useConnectionStatus,
  useFlow,
  useLocks,
  useNodeText,
  useSelf,
  useTyping,
  useUndo
} from '@coflow/react'
import '@xyflow/react/dist/style.css'
import '@coflow/react/styles.css'

interface HookProbeProps {
  workflowId: string
  userId: string
}

export function HookProbe({ workflowId, userId }: HookProbeProps) {
  return (
    <CoflowProvider workflowId={workflowId} userId={userId}>
      <Field />
      <Actions />
      <div style={{ height: 400 }}>
        <Canvas workflowId={workflowId} />
      </div>
    </CoflowProvider>
  )
}

function Field() {
  const { value, setValue, ref } = useNodeText('n1', 'prompt')
  const { typists, onFocus, onBlur, onInput } = useTyping('n1', 'prompt')
  const renders = useRef(0)
  renders.current += 1
  return (
    <>
      <textarea
        aria-label="Prompt"
        {...{ ref, value, onFocus, onBlur }}
        onChange={({ target }) => {
          setValue(target.value)
          onInput()
        }}
      />
      <output aria-label="Typists">{typists.map(({ name }) => name).join(', ')}</output>
      <output aria-label="Renders">{renders.current}</output>
    </>
  )
}

function Actions() {
  const { self, setCursor } = useSelf()
  const { retry } = useConnectionStatus()
  const { locks, acquire } = useLocks()
  const { session, setMode } = useCollaboration()
  const { undo, canUndo } = useUndo()
  const flow = useFlow()
  const { addNode, updateNodeData } = flow
  const actions = useRef(new Set<unknown>())
  for (const each of [setCursor, retry, acquire, setMode, undo, addNode]) actions.current.add(each)
  const flows = useRef(new Set<unknown>())
  flows.current.add(flow)
  return (
    <>
      <button onClick={() => updateNodeData('n1', { label: 'Told' })}>Rename</button>
      <button onClick={() => void acquire('node', 'n1')}>Lock</button>
      <button onClick={() => void setMode('sequential')}>Take turns</button>
      <output aria-label="State">
        {canUndo ? 'renamed' : 'as before'}, {locks.length} locked, {session?.mode}
      </output>
      <output aria-label="Own cursor">{self?.cursor != null && `${self.cursor.x}`}</output>
      <output aria-label="Actions">{actions.current.size}</output>
      <output aria-label="Flows">{flows.current.size}</output>
    </>
  )
}

function Canvas({ workflowId }: { workflowId: string }) {
  const { nodes, edges, onNodesChange, onEdgesChange, onConnect } = useFlow()
  return (
    <ReactFlow {...{ nodes, edges, onNodesChange, onEdgesChange, onConnect }}>
      <CollaborativeCursor workflowId={workflowId} />
    </ReactFlow>
  )
}
