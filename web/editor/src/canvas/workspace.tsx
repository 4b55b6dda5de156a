/** The whole of the editor around one workflow: the canvas, the islands above it, one panel, the notices. */

import './workspace.css'
import { useConnectionStatus, useFlow, type CommentDraft } from '@coflow/react'
import { useEffect, useMemo, useState, type ReactNode } from 'react'
import { SidePanel } from '../panels/side_panel'
import { useAnnouncements } from '../notices/use_announcements'
import { Announcer } from './announcer'
import { Canvas } from './canvas'
import { CanvasBoundary } from './canvas_boundary'
import {
  CanvasStateContext,
  IS_TOUCH,
  type CanvasState,
  type Panel,
  type Tool
} from './canvas_state'
import { ClosedPage } from './closed_page'
import { ConnectDialog } from './connect_dialog'
import { Crosshair } from './crosshair'
import {
  FlowContext,
  SelectionContext,
  useFlowContext,
  useSelection,
  type Selection
} from './flow_context'
import { FollowFrame, StopFollowing } from './follow_frame'
import { HelpDialog } from './help_dialog'
import { LeaveGuard } from './leave_guard'
import { ShareDialog } from './share_dialog'
import { Toolbar } from './toolbar'
import { TopLeft } from './top_left'
import { TopRight } from './top_right'
import { useClipboard } from './use_clipboard'
import { useGraphEdits } from './use_graph_edits'
import { useInspectorKeys } from './use_inspector_keys'
import { useIsFull } from './use_is_full'
import { useRights } from './use_rights'
import { useShortcuts } from './use_shortcuts'
import { ZoomControls } from './zoom_controls'

const FULL = { code: 4523, reason: 'session_full', message: '' }

export function Workspace() {
  const { closed, status, isLoaded } = useConnectionStatus()
  const isFull = useIsFull()
  // What is only retried takes nothing away that is there already.
  if (closed !== null && (status === 'closed' || !isLoaded)) {
    return <ClosedPage closed={closed} />
  }
  // It is tried again all the time, and whoever gets in finds what was edited before.
  if (isFull) return <ClosedPage closed={FULL} />
  return (
    <StateProvider>
      <FlowProvider>
        <Announcer>
          <Editor isLoaded={isLoaded} />
        </Announcer>
      </FlowProvider>
    </StateProvider>
  )
}

function Editor({ isLoaded }: { isLoaded: boolean }) {
  const { canEdit } = useRights()
  const { nodes } = useFlowContext()
  const { nodeIds, edgeIds } = useSelection()
  const [isSharing, setSharing] = useState(false)

  return (
    <main className="ed-workspace" data-selected={nodeIds.length + edgeIds.length > 0 || undefined}>
      {isLoaded ? (
        <CanvasBoundary>
          <Canvas />
        </CanvasBoundary>
      ) : (
        <div className="ed-flow ed-flow--loading" aria-busy="true" />
      )}
      {isLoaded && <Keys />}
      <Announcements />
      <FollowFrame />
      <Crosshair />
      <div className="ed-top">
        <TopLeft />
        <TopRight onShare={() => setSharing(true)} />
        <StopFollowing />
      </div>
      <div className="ed-bottom">
        <SidePanel />
        <ZoomControls />
        <Toolbar />
      </div>
      {isLoaded && nodes.length === 0 && (
        <div className="ed-canvas-empty">
          <strong>{canEdit ? 'An empty canvas' : 'Nothing here yet'}</strong>
          {canEdit && (
            <span>
              {IS_TOUCH ? (
                'Choose “Add a step” below, and tap where the first one goes.'
              ) : (
                <>
                  Double-click anywhere, or press <kbd>N</kbd>, to add the first step.
                </>
              )}
            </span>
          )}
        </div>
      )}
      <ShareDialog open={isSharing} onOpenChange={setSharing} />
      <ConnectDialog />
      <HelpDialog />
      <LeaveGuard />
    </main>
  )
}

/** Hears every cursor, and so has nothing below it. */
function Announcements() {
  useAnnouncements()
  return null
}

/** Keys and clipboard need the canvas, and nothing of them is to be seen. */
function Keys() {
  const edits = useGraphEdits()
  useShortcuts(edits)
  useInspectorKeys()
  useClipboard(edits)
  return null
}

function StateProvider({ children }: { children: ReactNode }) {
  const [tool, setTool] = useState<Tool>(IS_TOUCH ? 'hand' : 'select')
  const [panel, setPanel] = useState<Panel | null>(null)
  const [followed, setFollowed] = useState<string | null>(null)
  const [activeThread, setActiveThread] = useState<string | null>(null)
  const [draft, setDraft] = useState<CommentDraft | null>(null)
  const [connecting, setConnecting] = useState<string | null>(null)
  const [unnamed, setUnnamed] = useState<string | null>(null)
  const [isMapShown, setMapShown] = useState(false)
  const [isHelpShown, setHelpShown] = useState(false)
  const state = useMemo<CanvasState>(
    () => ({
      ...{ tool, setTool, panel, setPanel, followed, setFollowed },
      ...{ activeThread, setActiveThread, draft, setDraft, connecting, setConnecting },
      ...{ unnamed, setUnnamed },
      ...{ isMapShown, setMapShown, isHelpShown, setHelpShown }
    }),
    [tool, panel, followed, activeThread, draft, connecting, unnamed, isMapShown, isHelpShown]
  )
  return <CanvasStateContext value={state}>{children}</CanvasStateContext>
}

function FlowProvider({ children }: { children: ReactNode }) {
  const flow = useFlow()
  const { nodes, edges, meta } = flow
  const nodeIds = selectedKey(nodes)
  const edgeIds = selectedKey(edges)
  const selection = useMemo<Selection>(
    () => ({ nodeIds: parseKey(nodeIds), edgeIds: parseKey(edgeIds) }),
    [nodeIds, edgeIds]
  )
  const name = typeof meta.name === 'string' && meta.name !== '' ? meta.name : 'Untitled'
  useEffect(() => {
    document.title = `${name} – coflow`
  }, [name])
  return (
    <FlowContext value={flow}>
      <SelectionContext value={selection}>{children}</SelectionContext>
    </FlowContext>
  )
}

/** Equal for equal selections, so that a drag does not make another selection in each frame. */
function selectedKey(all: readonly { id: string; selected?: boolean }[]): string {
  return JSON.stringify(all.filter((each) => each.selected === true).map(({ id }) => id))
}

function parseKey(key: string): string[] {
  return JSON.parse(key) as string[]
}
