/** The components alone, with a token, on a server of another origin. */

import { useRef, useState } from 'react'
import { Background, ReactFlow, type Node } from '@xyflow/react'
import {
  CollaborativeCursor,
  CommentPanel,
  EditLockIndicator,
  ShareWorkflowModal,
  UserPresenceList
} from '@coflow/react'
import '@xyflow/react/dist/style.css'
import '@coflow/react/styles.css'

const NODES: Node[] = [{ id: 'n1', position: { x: 80, y: 80 }, data: { label: 'Ask' } }]

interface TokenPanelsProps {
  workflowId: string
  serverUrl: string
  token: string
}

export function TokenPanels({ workflowId, serverUrl, token }: TokenPanelsProps) {
  const [isSharing, setSharing] = useState(false)
  const canvasRef = useRef<HTMLDivElement>(null)
  // As an application that fetches its tokens: another function with every rendering.
  const scope = { workflowId, serverUrl, token: () => Promise.resolve(token) }

  return (
    <>
      <UserPresenceList {...scope} />
      <EditLockIndicator {...scope} />
      <CommentPanel {...scope} />
      <CollaborativeCursor {...scope} canvasRef={canvasRef} />
      <button onClick={() => setSharing(true)}>Share</button>
      <ShareWorkflowModal
        {...scope}
        workflowName="Onboarding"
        open={isSharing}
        onOpenChange={setSharing}
      />
      <div ref={canvasRef} style={{ position: 'relative', height: 500 }}>
        <ReactFlow defaultNodes={NODES} defaultEdges={[]}>
          <Background />
        </ReactFlow>
      </div>
    </>
  )
}
