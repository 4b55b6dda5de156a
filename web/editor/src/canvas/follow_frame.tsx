/** Follows somebody's viewport, with a frame in their colour, until one moves oneself. */

import { useOthers, type Participant } from '@coflow/react'
import { useReactFlow, useStore } from '@xyflow/react'
import { useEffect, type CSSProperties } from 'react'
import { useAnnounce } from './announce_context'
import { IS_TOUCH, useCanvasState } from './canvas_state'
import { followingView } from './following_view'

const DURATION_MS = window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 160

export function FollowFrame() {
  const { followed } = useCanvasState()
  return followed === null ? null : <Frame userId={followed} />
}

function Frame({ userId }: { userId: string }) {
  const { setFollowed } = useCanvasState()
  const person = usePerson(userId)
  const { setViewport } = useReactFlow()
  const announce = useAnnounce()
  const width = useStore((canvas) => canvas.width)
  const height = useStore((canvas) => canvas.height)
  const isGone = person === undefined
  const { viewport = null } = person ?? {}
  const view = viewport === null ? null : followingView(viewport, { width, height })
  const x = view?.x
  const y = view?.y
  const zoom = view?.zoom

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

  return person === undefined ? null : <div className="ed-follow" style={colorOf(person)} />
}

/** In reach of a finger too, which has no Escape. */
export function StopFollowing() {
  const { followed } = useCanvasState()
  return followed === null ? null : <StopButton userId={followed} />
}

function StopButton({ userId }: { userId: string }) {
  const { setFollowed } = useCanvasState()
  const person = usePerson(userId)
  if (person === undefined) return null
  return (
    <button
      type="button"
      className="ed-follow__words"
      style={colorOf(person)}
      onClick={() => setFollowed(null)}
    >
      Following {person.name} – {IS_TOUCH ? 'tap' : 'Esc'} to stop
    </button>
  )
}

/** Renders with every cursor that moves: only for who follows somebody. */
function usePerson(id: string): Participant | undefined {
  return useOthers().find(({ userId }) => userId === id)
}

function colorOf({ color }: Participant): CSSProperties {
  return { '--ed-person': color } as CSSProperties
}
