/** Follows somebody's viewport, with a frame in their colour, until one moves oneself. */

import { useOthers } from '@coflow/react'
import { useReactFlow } from '@xyflow/react'
import { useEffect, type CSSProperties } from 'react'
import { useAnnounce } from './announce_context'
import { useCanvasState } from './canvas_state'

const DURATION_MS = window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 160

export function FollowFrame() {
  const { followed, setFollowed } = useCanvasState()
  const others = useOthers()
  const { setViewport } = useReactFlow()
  const announce = useAnnounce()
  const person = followed === null ? undefined : others.find(({ userId }) => userId === followed)
  const isGone = followed !== null && person === undefined
  const x = person?.viewport?.x
  const y = person?.viewport?.y
  const zoom = person?.viewport?.zoom

  useEffect(() => {
    if (x === undefined || y === undefined || zoom === undefined) return
    void setViewport({ x, y, zoom }, { duration: DURATION_MS })
  }, [x, y, zoom, setViewport])
  useEffect(() => {
    if (isGone) setFollowed(null)
  }, [isGone, setFollowed])
  const name = person?.name
  useEffect(() => {
    if (name === undefined) return
    announce(`You see what ${name} sees. Escape to stop.`)
    return () => announce(`You no longer see what ${name} sees.`)
  }, [name, announce])

  if (person === undefined) return null
  return (
    <div className="ed-follow" style={{ '--ed-person': person.color } as CSSProperties}>
      <button type="button" className="ed-follow__words" onClick={() => setFollowed(null)}>
        Following {person.name} – Esc to stop
      </button>
    </div>
  )
}
