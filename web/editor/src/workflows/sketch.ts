/** What a workflow looks like from far away: boxes and lines in flow coordinates. PURE. */

export interface Sketch {
  /** Null for a workflow without nodes. */
  viewBox: string | null
  boxes: readonly Box[]
  lines: readonly string[]
}

interface Box {
  x: number
  y: number
  width: number
  height: number
}

type Json = Record<string, unknown>

// More would be a grey area, and slow to draw.
const MAX_NODES = 500
const DEFAULT_WIDTH = 200
const DEFAULT_HEIGHT = 64
const MARGIN = 48
const MIN_WIDTH = 960
const MIN_HEIGHT = 540

export function sketchOf(nodes: readonly Json[], edges: readonly Json[]): Sketch {
  const boxes = new Map<string, Box>()
  for (const node of nodes.slice(0, MAX_NODES)) {
    const position = node.position as { x?: unknown; y?: unknown } | undefined
    const parent = typeof node.parentId === 'string' ? boxes.get(node.parentId) : undefined
    boxes.set(String(node.id), {
      x: number(position?.x, 0) + (parent?.x ?? 0),
      y: number(position?.y, 0) + (parent?.y ?? 0),
      width: number(node.width, DEFAULT_WIDTH),
      height: number(node.height, DEFAULT_HEIGHT)
    })
  }
  const all = [...boxes.values()]
  if (all.length === 0) return { viewBox: null, boxes: [], lines: [] }

  const left = Math.min(...all.map((box) => box.x))
  const top = Math.min(...all.map((box) => box.y))
  const width = Math.max(...all.map((box) => box.x + box.width)) - left
  const height = Math.max(...all.map((box) => box.y + box.height)) - top
  // One lonely node is not blown up to the size of the card.
  const shownWidth = Math.max(width + 2 * MARGIN, MIN_WIDTH)
  const shownHeight = Math.max(height + 2 * MARGIN, MIN_HEIGHT)
  const x = left + width / 2 - shownWidth / 2
  const y = top + height / 2 - shownHeight / 2

  const lines = edges.flatMap((edge) => {
    const from = boxes.get(String(edge.source))
    const to = boxes.get(String(edge.target))
    return from === undefined || to === undefined ? [] : [curve(from, to)]
  })
  return { viewBox: `${x} ${y} ${shownWidth} ${shownHeight}`, boxes: all, lines }
}

function curve(from: Box, to: Box): string {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2]
  const [x2, y2] = [to.x, to.y + to.height / 2]
  const bend = Math.max(40, Math.abs(x2 - x1) / 2)
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise
}
