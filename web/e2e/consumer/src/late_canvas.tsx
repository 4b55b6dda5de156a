/** A canvas whose wrapper goes and comes back, and whose React Flow comes later than the wrapper. */

import { useRef, useState } from 'react'
import { ReactFlow } from '@xyflow/react'
import { CollaborativeCursor, UserPresenceList } from '@coflow/react'
import '@xyflow/react/dist/style.css'
import '@coflow/react/styles.css'

interface LateCanvasProps {
  workflowId: string
  userId: string
}

export function LateCanvas({ workflowId, userId }: LateCanvasProps) {
  const [isShown, setShown] = useState(true)
  const canvasRef = useRef<HTMLDivElement>(null)
  const scope = { workflowId, currentUserId: userId }
  return (
    <>
      <UserPresenceList {...scope} />
      <CollaborativeCursor {...scope} canvasRef={canvasRef} />
      <button onClick={() => setShown(!isShown)}>{isShown ? 'Hide' : 'Show'}</button>
      {isShown && (
        <div ref={canvasRef} style={{ height: 400 }}>
          <Later />
        </div>
      )}
    </>
  )
}

function Later() {
  const [isLoaded, setLoaded] = useState(false)
  if (isLoaded) return <ReactFlow defaultNodes={[]} defaultEdges={[]} />
  return <button onClick={() => setLoaded(true)}>Load</button>
}
