/** A panel that opens does not lie on what it is about: the canvas makes way, by no more than it takes. */

import { useReactFlow } from '@xyflow/react'
import { useEffect, useState } from 'react'
import { useCanvasState } from './canvas_state'
import { useSelection } from './flow_context'
import { Press } from './press'

const DURATION_MS = window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 240
/** Between what is kept in sight and what would cover it. */
const MARGIN = 16
/** So close one would not see a node's handles and outline whole. */
const NEAR = 8
/** A panel that takes more of the window's width lies below, not beside. */
const SHEET = 0.6

type Box = Pick<DOMRect, 'left' | 'top' | 'right' | 'bottom'>

export function useKeepInSight(): void {
  const { panel, activeThread, followed } = useCanvasState()
  const { nodeIds, edgeIds } = useSelection()
  const { getViewport, setViewport } = useReactFlow()
  const [press] = useState(() => new Press())
  const isFollowing = followed !== null
  const isAboutThread = panel === 'comments' && activeThread !== null

  useEffect(() => press.listen(), [press])
  useEffect(() => {
    if (isFollowing || nodeIds.length + edgeIds.length > 1) return
    const makeWay = () => {
      const way = wayOutOf(isAboutThread ? boxOfThread() : boxOfSelection())
      if (way === null) return
      const { x, y, zoom } = getViewport()
      void setViewport({ x: x - way.x, y: y - way.y, zoom }, { duration: DURATION_MS })
    }
    let stop: (() => void) | undefined
    // Once the selection, the pin and the panel are drawn.
    const frame = requestAnimationFrame(() => {
      stop = press.whenReleased(makeWay)
    })
    return () => {
      cancelAnimationFrame(frame)
      stop?.()
    }
  }, [
    panel,
    activeThread,
    isAboutThread,
    nodeIds,
    edgeIds,
    isFollowing,
    press,
    getViewport,
    setViewport
  ])
}

/** How far the canvas has to go so that nothing of the panel covers this; null: it need not, or cannot. */
function wayOutOf(box: Box | null): { x: number; y: number } | null {
  const panel = boxOfPanel()
  if (box === null || panel === null) return null
  const isCovered =
    box.left - NEAR < panel.right &&
    box.right + NEAR > panel.left &&
    box.top - NEAR < panel.bottom &&
    box.bottom + NEAR > panel.top
  if (!isCovered) return null
  const isSheet = panel.right - panel.left > SHEET * window.innerWidth
  const above = document.querySelector('.ed-top')?.getBoundingClientRect().bottom ?? 0
  const way = isSheet
    ? Math.min(box.bottom + MARGIN - panel.top, box.top - above - MARGIN)
    : Math.min(box.right + MARGIN - panel.left, box.left - MARGIN)
  if (way <= 0) return null
  return isSheet ? { x: 0, y: way } : { x: way, y: 0 }
}

/** Around its cards: between and below them one sees the canvas. */
function boxOfPanel(): Box | null {
  const cards = [...document.querySelectorAll('.ed-panel > *')]
    .map((card) => card.getBoundingClientRect())
    .filter(({ width, height }) => width > 0 && height > 0)
  if (cards.length === 0) return null
  return {
    left: Math.min(...cards.map(({ left }) => left)),
    top: Math.min(...cards.map(({ top }) => top)),
    right: Math.max(...cards.map(({ right }) => right)),
    bottom: Math.max(...cards.map(({ bottom }) => bottom))
  }
}

function boxOfThread(): Box | null {
  return document.querySelector('.coflow-pin[data-active]')?.getBoundingClientRect() ?? null
}

/** Of an edge its middle: the rest of it may be anywhere. */
function boxOfSelection(): Box | null {
  const node = document.querySelector('.react-flow__node.selected')
  if (node !== null) return node.getBoundingClientRect()
  const path = document.querySelector('.react-flow__edge.selected .react-flow__edge-path')
  const toScreen = path instanceof SVGPathElement ? path.getScreenCTM() : null
  if (!(path instanceof SVGPathElement) || toScreen === null) return null
  const middle = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(toScreen)
  return { left: middle.x, right: middle.x, top: middle.y, bottom: middle.y }
}
