/** Two workflows on one page, the first with two bars, and keys that the application has for itself. */

import { useEffect, useState } from 'react'
import { CoflowProvider, UndoButtons, useFlow } from '@coflow/react'
import '@coflow/react/styles.css'

interface UndoBarsProps {
  workflowId: string
  userId: string
}

export function UndoBars({ workflowId, userId }: UndoBarsProps) {
  return (
    <>
      <CoflowProvider workflowId={workflowId} userId={userId}>
        <UndoButtons />
        <UndoButtons />
        <Nodes label="First" />
      </CoflowProvider>
      <CoflowProvider workflowId={`${workflowId}-beside`} userId={userId}>
        <UndoButtons />
        <Nodes label="Second" />
      </CoflowProvider>
      <button onKeyDown={(event) => event.preventDefault()}>Own keys</button>
      <UntakenKeys />
    </>
  )
}

function Nodes({ label }: { label: string }) {
  const { nodes, addNode } = useFlow()
  const add = () => addNode({ id: `n${nodes.length}`, position: { x: 0, y: 0 }, data: {} })
  return (
    <>
      <button onClick={add}>Add to {label}</button>
      <output aria-label={label}>{nodes.length}</output>
    </>
  )
}

/** How many presses of Z nobody has taken: the browser does with them what it does. */
function UntakenKeys() {
  const [count, setCount] = useState(0)
  useEffect(() => {
    const onKeyDown = ({ key, defaultPrevented }: KeyboardEvent) => {
      if (key === 'z' && !defaultPrevented) setCount((before) => before + 1)
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [])
  return <output aria-label="Untaken">{count}</output>
}
