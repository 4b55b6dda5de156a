/** What a follower sees, whose window may have another size than the leader's. PURE. */

import type { Participant } from '@coflow/react'

type Viewport = NonNullable<Participant['viewport']>

/**
 * The same middle, and as much about it as the leader sees. By area: two who follow each other stay as they are,
 * while to fit all of each other's view would take both ever farther away.
 */
export function followingView(
  led: Viewport,
  { width, height }: { width: number; height: number }
): { x: number; y: number; zoom: number } {
  const { x, y, zoom } = led
  if (!led.width || !led.height) return { x, y, zoom }
  const scale = Math.sqrt((width * height) / (led.width * led.height))
  return {
    x: width / 2 - (led.width / 2 - x) * scale,
    y: height / 2 - (led.height / 2 - y) * scale,
    zoom: zoom * scale
  }
}
