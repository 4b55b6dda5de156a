/** The specification's WorkflowBuilder; only its imports and the canvas are this application's. */

import { useEffect, useRef, useState } from 'react'
import { Background, ReactFlow, type Node } from '@xyflow/react'
import { Share2 } from 'lucide-react'
import {
  CollaborativeCursor,
  EditLockIndicator,
  ShareWorkflowModal,
  UserPresenceList
} from '@coflow/react'
import '@xyflow/react/dist/style.css'
import '@coflow/react/styles.css'

const NODES: Node[] = [{ id: 'n1', position: { x: 80, y: 80 }, data: { label: 'Ask' } }]

interface WorkflowBuilderProps {
  workflowId: string
  workflowName: string
  currentUserId: string
}

export function WorkflowBuilder({ workflowId, workflowName, currentUserId }: WorkflowBuilderProps) {
  const [sessionId, setSessionId] = useState<string>()
  const [showShareModal, setShowShareModal] = useState(false)
  const canvasRef = useRef<HTMLDivElement>(null)

  // Auto-join collaboration session
  useEffect(() => {
    const joinSession = async () => {
      const response = await fetch('/api/collaboration/sessions', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          workflow_id: workflowId,
          user_id: currentUserId
        })
      })
      const data = await response.json()
      setSessionId(data.session_id)
    }

    if (workflowId) {
      joinSession()
    }
  }, [workflowId])

  return (
    <>
      {/* Collaboration UI */}
      <UserPresenceList
        workflowId={workflowId}
        sessionId={sessionId}
        currentUserId={currentUserId}
      />
      <EditLockIndicator workflowId={workflowId} currentUserId={currentUserId} />
      <CollaborativeCursor
        sessionId={sessionId}
        workflowId={workflowId}
        currentUserId={currentUserId}
        canvasRef={canvasRef}
      />

      {/* Share Button */}
      <button onClick={() => setShowShareModal(true)}>
        <Share2 className="h-4 w-4 mr-2" />
        Share
      </button>

      <ShareWorkflowModal
        workflowId={workflowId}
        workflowName={workflowName}
        open={showShareModal}
        onOpenChange={setShowShareModal}
        currentUserId={currentUserId}
      />

      <div ref={canvasRef} style={{ position: 'relative', height: 500 }}>
        <ReactFlow defaultNodes={NODES} defaultEdges={[]}>
          <Background />
        </ReactFlow>
      </div>
    </>
  )
}
