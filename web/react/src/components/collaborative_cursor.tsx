/** The others' cursors and selections on the canvas, and one's own sent to them. */
import { useEffect, useMemo } from 'react'
import { createPortal } from 'react-dom'
import { useClient } from '../hooks/use_client'
import type { Participant } from '../types'
import { CursorMotion } from './cursor_motion'
import type { CanvasWatch } from './canvas_watch'
import { NodeOutline } from './node_outline'
import { personStyle } from './person_color'
import { Scope, splitProps, type ScopeProps } from './scope'
import { useCanvas, type CanvasRef } from './use_canvas'
import { usePeople } from './use_people'
import { useSelfTracking } from './use_self_tracking'
import './collaborative_cursor.css'

export interface CollaborativeCursorProps extends ScopeProps {
  /** The seed's; a workflow has one active session, so that nothing depends on it. */
  sessionId?: string | undefined
  /** An element around a React Flow; may be left out inside of one. */
  canvasRef?: CanvasRef | undefined
  /** Do not send one's own pointer and viewport: the application does it. */
  isReceiveOnly?: boolean | undefined
}

export function CollaborativeCursor(props: CollaborativeCursorProps) {
  const { canvasRef, isReceiveOnly = false } = props
  const { marker, watch } = useCanvas(canvasRef)
  return (
    <>
      {marker}
      {watch !== null && (
        <Scope {...splitProps(props).scope}>
          <Overlay watch={watch} isReceiveOnly={isReceiveOnly} />
        </Scope>
      )}
    </>
  )
}

function Overlay({ watch, isReceiveOnly }: { watch: CanvasWatch; isReceiveOnly: boolean }) {
  const client = useClient()
  const people = usePeople().filter((person) => !person.isSelf)
  const motion = useMemo(() => new CursorMotion(), [])
  useSelfTracking(client, isReceiveOnly ? null : watch)

  useEffect(() => {
    const aim = () => motion.aim(client.participants.get())
    aim()
    return client.participants.subscribe(aim)
  }, [client, motion])
  useEffect(() => watch.watchViewport((viewport) => motion.look(viewport)), [watch, motion])
  useEffect(() => () => motion.stop(), [motion])

  return createPortal(
    // For the eye only: who is here, and where, is what the list of people says.
    <div className="coflow-cursors" aria-hidden>
      {outlinesOf(people).map((outline) => (
        <NodeOutline key={`${outline.userId} ${outline.nodeId}`} watch={watch} {...outline} />
      ))}
      {people.map((person) => (
        <Cursor key={person.userId} person={person} motion={motion} />
      ))}
    </div>,
    watch.flow
  )
}

function outlinesOf(people: readonly Participant[]) {
  const counts = new Map<string, number>()
  const outlines = people.flatMap(({ userId, name, color, selectedNode, selectedNodes }) =>
    selectedNodes.map((nodeId) => {
      const ring = counts.get(nodeId) ?? 0
      counts.set(nodeId, ring + 1)
      return { userId, name: nodeId === selectedNode ? name : null, color, nodeId, ring }
    })
  )
  return outlines.map((outline) => ({ ...outline, rings: counts.get(outline.nodeId) ?? 1 }))
}

function Cursor({ person, motion }: { person: Participant; motion: CursorMotion }) {
  const { userId, name, color } = person
  const ref = useMemo(
    () => (element: HTMLDivElement | null) => motion.place(userId, element),
    [motion, userId]
  )
  return (
    <div ref={ref} className="coflow-cursor" style={personStyle(color)} data-user-id={userId}>
      <svg className="coflow-cursor__arrow" viewBox="0 0 18 20" aria-hidden>
        <path d="M2.4 1.7 15.8 8.9c.8.4.7 1.6-.2 1.8l-5.6 1.4-3 5c-.5.8-1.7.6-1.9-.3L1.1 2.9c-.2-.9.6-1.6 1.3-1.2Z" />
      </svg>
      <span className="coflow-cursor__name">{name}</span>
    </div>
  )
}
