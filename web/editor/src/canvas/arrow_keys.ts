/** What arrow keys mean on the canvas. PURE. */

const FAR = 4
const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1]
}

/** How many steps to the right and down, with Shift four at once; null if it is no arrow, or another program's. */
export function arrowSteps(
  event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey'>
): { right: number; down: number } | null {
  const direction = directions[event.key]
  if (direction === undefined || event.ctrlKey || event.metaKey) return null
  const [right, down] = direction
  const by = event.shiftKey ? FAR : 1
  return { right: right * by, down: down * by }
}
