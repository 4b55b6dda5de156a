/** The one panel on the right: the one that is asked for, else what is selected. */

import './panels.css'
import { CommentPanel, EditLockIndicator, UserPresenceList, useClient } from '@coflow/react'
import { useReactFlow } from '@xyflow/react'
import { X } from 'lucide-react'
import { focusSubject, subjectOf } from '../canvas/canvas_focus'
import { useCanvasState } from '../canvas/canvas_state'
import { useSelection } from '../canvas/flow_context'
import { useKeepInSight } from '../canvas/use_keep_in_sight'
import { useSelect } from '../canvas/use_select'
import { ActivityCard } from './activity_card'
import { EdgeInspector } from './edge_inspector'
import { ModeCard } from './mode_card'
import { ManyInspector, NodeInspector } from './node_inspector'

export function SidePanel() {
  const { panel, setPanel } = useCanvasState()
  const { nodeIds, edgeIds } = useSelection()
  const select = useSelect()
  useKeepInSight()
  if (panel !== null) {
    return (
      <aside className="ed-panel" aria-label="Panel">
        <CloseSheet onClose={() => setPanel(null)} />
        {panel === 'comments' && <Comments />}
        {panel === 'locks' && <PeopleAndLocks />}
        {panel === 'activity' && <ActivityCard />}
      </aside>
    )
  }
  const [nodeId] = nodeIds
  const [edgeId] = edgeIds
  const count = nodeIds.length + edgeIds.length
  if (count === 0) return null
  return (
    <aside
      className="ed-panel"
      aria-label="Inspector"
      onKeyDown={(event) => {
        const subject = subjectOf({ nodeIds, edgeIds })
        if (event.key !== 'Escape' || event.defaultPrevented || subject === null) return
        event.preventDefault()
        // A field that is left keeps what is typed: first it has to hear that it shall not.
        requestAnimationFrame(() => focusSubject(subject))
      }}
    >
      <CloseSheet onClose={() => select([])} />
      {count > 1 && <ManyInspector nodeCount={nodeIds.length} edgeCount={edgeIds.length} />}
      {count === 1 && nodeId !== undefined && <NodeInspector key={nodeId} nodeId={nodeId} />}
      {count === 1 && edgeId !== undefined && <EdgeInspector key={edgeId} edgeId={edgeId} />}
    </aside>
  )
}

/** On narrow screens alone, where the panel is a sheet above the canvas. */
function CloseSheet({ onClose }: { onClose: () => void }) {
  return (
    <div className="ed-panel__head">
      <button
        type="button"
        className="coflow-icon-button"
        aria-label="Close the panel"
        onClick={onClose}
      >
        <X />
      </button>
    </div>
  )
}

function Comments() {
  const { activeThread, setActiveThread } = useCanvasState()
  return <CommentPanel activeThreadId={activeThread} onOpenThread={setActiveThread} />
}

function PeopleAndLocks() {
  const client = useClient()
  const { workflowId } = client.options
  const { followed, setFollowed } = useCanvasState()
  const { edgeIds } = useSelection()
  const { fitView } = useReactFlow()
  const select = useSelect()
  const [edgeId] = edgeIds

  return (
    <>
      <UserPresenceList
        workflowId={workflowId}
        currentUserId={client.userId}
        onFollow={({ userId }) => setFollowed(userId === followed ? null : userId)}
      />
      <ModeCard />
      <EditLockIndicator
        workflowId={workflowId}
        currentUserId={client.userId}
        target={edgeId === undefined ? null : { type: 'edge', id: edgeId }}
        onReveal={({ type, id }) => {
          if (type === 'workflow') return
          if (type === 'edge') {
            select([], [id])
            return
          }
          select([id])
          void fitView({ nodes: [{ id }], duration: 200, padding: 1, maxZoom: 1 })
        }}
      />
    </>
  )
}
