/** What the types say by Node's resolution and under the strictest options. */

import { ReactFlow, type Node } from '@xyflow/react'
import {
  AvatarStack,
  CollaborativeCursor,
  CommentPins,
  UndoButtons,
  useComments,
  useFlow,
  useLocks
} from '@coflow/react'

type PromptNode = Node<{ prompt: string }, 'prompt'>

export function Canvas() {
  const { nodes, edges, onNodesChange, onEdgesChange, addNode } = useFlow<PromptNode>()
  nodes.map(({ data }) => data.prompt.length)
  addNode({ id: 'a', type: 'prompt', position: { x: 0, y: 0 }, data: { prompt: '' } })
  // @ts-expect-error Types that are not found would be any, and take this.
  addNode({ id: 'a', type: 'prompt', position: { x: 0, y: 0 }, data: { prompt: 1 } })
  return <ReactFlow<PromptNode> {...{ nodes, edges, onNodesChange, onEdgesChange }} />
}

/** Whatever may be left out may be undefined. */
export function Undefined() {
  const { add } = useComments()
  const { acquire } = useLocks()
  const { removeElements } = useFlow()
  return (
    <>
      <AvatarStack max={undefined} />
      <CollaborativeCursor workflowId="w" isReceiveOnly={undefined} />
      <CommentPins showResolved={undefined} />
      <UndoButtons isWithoutShortcuts={undefined} />
      <button
        onClick={() => {
          removeElements({ nodes: undefined, edges: undefined })
          void acquire('node', 'a', { reason: undefined, durationMinutes: undefined })
          void add({ content: '', contextType: undefined, contextId: undefined, point: undefined })
        }}
      />
    </>
  )
}
