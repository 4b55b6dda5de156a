/** Sends one's own pointer and viewport to the others, in flow coordinates. */
import { useEffect } from 'react'
import type { CoflowClient } from '../client/coflow_client'
import type { CanvasWatch } from './canvas_watch'

export function useSelfTracking(client: CoflowClient, watch: CanvasWatch | null): void {
  useEffect(() => {
    if (watch === null) return
    const { flow } = watch
    const move = (event: PointerEvent) => {
      client.setPresence({ cursor: watch.toFlow({ x: event.clientX, y: event.clientY }) })
    }
    const leave = () => client.setPresence({ cursor: null })
    const lift = (event: PointerEvent) => {
      // A finger that is lifted points at nothing any more, and no `pointerleave` may come.
      if (event.pointerType === 'touch') leave()
    }
    const passive = { passive: true, capture: true }
    flow.addEventListener('pointermove', move, passive)
    flow.addEventListener('pointerup', lift, passive)
    flow.addEventListener('pointerleave', leave)
    const look = () => {
      const { clientWidth: width, clientHeight: height } = flow
      client.setPresence({ viewport: { ...watch.viewport, width, height } })
    }
    const stopViewport = watch.watchViewport(look)
    const sizes = new ResizeObserver(look)
    sizes.observe(flow)
    return () => {
      flow.removeEventListener('pointermove', move, passive)
      flow.removeEventListener('pointerup', lift, passive)
      flow.removeEventListener('pointerleave', leave)
      stopViewport()
      sizes.disconnect()
      leave()
    }
  }, [client, watch])
}
