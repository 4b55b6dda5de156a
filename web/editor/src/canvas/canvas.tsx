/** The React Flow canvas: the document drawn, everybody's cursors and comments on it, and the tool in hand. */

import '@xyflow/react/dist/style.css'
import './canvas.css'
import './node_view.css'
import { CollaborativeCursor, CommentPins, useClient } from '@coflow/react'
import {
  Background,
  BackgroundVariant,
  ConnectionLineType,
  MiniMap,
  PanOnScrollMode,
  ReactFlow,
  SelectionMode,
  useReactFlow,
  useStore,
  type DefaultEdgeOptions,
  type EdgeMouseHandler,
  type NodeMouseHandler,
  type OnMoveStart
} from '@xyflow/react'
import { memo, useCallback, type MouseEvent } from 'react'
import { edgeTypes, nodeTypes } from './any_type'
import { IS_TOUCH, useCanvasState } from './canvas_state'
import { useFlowContext } from './flow_context'
import { NodeContext } from './node_context'
import { useFirstView } from './use_first_view'
import { useNodeContextValue } from './use_node_context_value'
import { usePlaceNode } from './use_place_node'
import { useRights } from './use_rights'
import { useShownEdges } from './use_shown_edges'
import { useShownNodes } from './use_shown_nodes'

const defaultEdgeOptions: DefaultEdgeOptions = { interactionWidth: 20 }
const snapGrid: [number, number] = [8, 8]
const proOptions = { hideAttribution: true }
const MIDDLE_AND_RIGHT = [1, 2]
const ABOUT_NODES =
  'Enter selects it, and once more goes to its fields. Then arrow keys move it, Delete removes it, L connects it. C and Enter comment on it.'
const ariaLabels = {
  'node.a11yDescription.default': ABOUT_NODES,
  'node.a11yDescription.keyboardDisabled': ABOUT_NODES,
  'edge.a11yDescription.default':
    'Enter selects it, and once more goes to its fields. Then Delete removes it. C and Enter comment on it.'
}
/** From farther away nobody can read what cards say, and drawing it would cost frames. */
const FAR_ZOOM = 0.25
/**
 * Beyond that React Flow draws only what can be seen, which costs a little in each frame of a pan. Not before
 * the view is set: what is out of sight until then would be drawn, taken away and drawn again.
 */
const MANY_NODES = 300

export const Canvas = memo(function Canvas() {
  const flow = useFlowContext()
  const { nodes, edges, onNodesChange, onEdgesChange, onConnect } = flow
  const client = useClient()
  const { canEdit } = useRights()
  const { tool, setTool, setFollowed, isMapShown, panel } = useCanvasState()
  const { activeThread, setActiveThread, draft, setDraft } = useCanvasState()
  const { screenToFlowPosition } = useReactFlow()
  const nodeContext = useNodeContextValue(nodes, edges)
  const placeNode = usePlaceNode()
  const shownNodes = useShownNodes(nodes)
  const shownEdges = useShownEdges(edges, shownNodes)
  const isViewSet = useFirstView()
  const isFar = useStore(({ transform }) => transform[2] < FAR_ZOOM)

  const onPaneClick = useCallback(
    (event: MouseEvent) => {
      const point = screenToFlowPosition({ x: event.clientX, y: event.clientY })
      if (tool === 'node') placeNode(point)
      else if (tool === 'comment') setDraft({ contextType: 'canvas', contextId: null, point })
      else return
      setTool('select')
    },
    [tool, setTool, setDraft, placeNode, screenToFlowPosition]
  )
  const commentOn = useCallback(
    (contextType: 'node' | 'edge', contextId: string) => {
      if (tool !== 'comment') return
      setDraft({ contextType, contextId, point: null })
      setTool('select')
    },
    [tool, setTool, setDraft]
  )
  const onNodeClick = useCallback<NodeMouseHandler>(
    (_event, node) => commentOn('node', node.id),
    [commentOn]
  )
  const onEdgeClick = useCallback<EdgeMouseHandler>(
    (_event, edge) => commentOn('edge', edge.id),
    [commentOn]
  )
  const onDoubleClick = useCallback(
    (event: MouseEvent) => {
      const isPane =
        event.target instanceof Element && event.target.classList.contains('react-flow__pane')
      if (isPane && canEdit && tool === 'select') {
        placeNode(screenToFlowPosition({ x: event.clientX, y: event.clientY }))
      }
    },
    [canEdit, tool, placeNode, screenToFlowPosition]
  )
  // A hand on the canvas ends following; the follower's own moves have no event.
  const onMoveStart = useCallback<OnMoveStart>(
    (event) => event !== null && setFollowed(null),
    [setFollowed]
  )
  const isPanning = tool === 'hand'

  return (
    <NodeContext value={nodeContext}>
      <ReactFlow
        className="ed-flow"
        data-tool={tool}
        data-ready={isViewSet || undefined}
        data-far={isFar || undefined}
        nodes={shownNodes}
        edges={shownEdges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onConnect={onConnect}
        onPaneClick={onPaneClick}
        onNodeClick={onNodeClick}
        onEdgeClick={onEdgeClick}
        onDoubleClick={onDoubleClick}
        onMoveStart={onMoveStart}
        nodesDraggable={canEdit && tool === 'select'}
        nodesConnectable={canEdit && tool === 'select'}
        // A finger that pans also points: there is no other for it.
        elementsSelectable={tool === 'select' || (isPanning && IS_TOUCH)}
        edgesReconnectable={false}
        deleteKeyCode={null}
        selectionOnDrag={tool === 'select'}
        selectionMode={SelectionMode.Partial}
        panOnDrag={isPanning ? true : MIDDLE_AND_RIGHT}
        panOnScroll
        panOnScrollMode={PanOnScrollMode.Free}
        zoomOnDoubleClick={false}
        multiSelectionKeyCode={['Shift', 'Meta', 'Control']}
        selectionKeyCode={null}
        minZoom={0.05}
        maxZoom={4}
        snapToGrid
        snapGrid={snapGrid}
        defaultEdgeOptions={defaultEdgeOptions}
        defaultMarkerColor={null}
        connectionLineType={ConnectionLineType.Bezier}
        connectionRadius={32}
        onlyRenderVisibleElements={isViewSet && nodes.length > MANY_NODES}
        elevateNodesOnSelect={false}
        proOptions={proOptions}
        ariaLabelConfig={ariaLabels}
      >
        <Background variant={BackgroundVariant.Dots} gap={24} size={1.5} color="var(--ed-dot)" />
        <CollaborativeCursor workflowId={client.options.workflowId} currentUserId={client.userId} />
        <CommentPins
          draft={draft}
          onDraftEnd={() => setDraft(null)}
          activeThreadId={activeThread}
          {...(panel === 'comments' && { onOpenThread: setActiveThread })}
        />
        {isMapShown && nodes.length > 0 && (
          <MiniMap
            pannable
            zoomable
            position="bottom-left"
            ariaLabel="Map of the workflow"
            nodeBorderRadius={16}
            nodeColor="var(--ed-map-node)"
            nodeStrokeWidth={0}
            maskColor="var(--ed-map-mask)"
            bgColor="var(--coflow-surface)"
          />
        )}
      </ReactFlow>
    </NodeContext>
  )
})
