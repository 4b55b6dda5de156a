/**
 * What of a node or an edge React Flow is given: the document is written by many, with whatever client, and
 * one value of the wrong kind would take the whole canvas away from everybody.
 */

import type { Point } from '../types'
import type { EdgeJson, NodeJson } from './read_graph'
import { shownStyle } from './shown_style'

type Check = (value: unknown) => boolean

/** Beyond what any honest canvas reaches, and near enough for a browser to draw a line to. */
const FARTHEST = 1e6

const never: Check = () => false
const isString: Check = (value) => typeof value === 'string'
const isBoolean: Check = (value) => typeof value === 'boolean'
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const isSize: Check = (value) => isNumber(value) && Math.abs(value as number) <= FARTHEST
const isPair: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(isNumber)
const isSide: Check = (value) => ['left', 'right', 'top', 'bottom'].includes(value as string)
const isFlat: Check = (value) =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((each) => isString(each) || isNumber(each))
const isExtent: Check = (value) =>
  value === 'parent' || (Array.isArray(value) && value.length === 2 && value.every(isPair))
const isMarker: Check = (value) =>
  isString(value) || (isFlat(value) && isString((value as { type?: unknown }).type))
const isHandleId: Check = (value) => value === null || isString(value)
/** The classes of this package, of its editor and of React Flow place things on the page. */
const isClassNames: Check = (value) =>
  isString(value) && !/(?:^|\s)(?:coflow|ed|react-flow)[-_]/.test(value as string)
/** One class or id: React Flow throws at a selector that is none. */
const isPlainSelector: Check = (value) => isString(value) && /^[.#]?[\w-]+$/.test(value as string)

const either: Readonly<Record<string, Check>> = {
  type: isString,
  className: isClassNames,
  ariaLabel: isString,
  ariaRole: isString,
  style: isFlat,
  zIndex: isNumber,
  hidden: isBoolean,
  selectable: isBoolean,
  deletable: isBoolean,
  focusable: isBoolean,
  // Spread over an element of the page, with its event handlers.
  domAttributes: never,
  // Each viewer's own.
  selected: never
}

const ofNodes: Readonly<Record<string, Check>> = {
  ...either,
  parentId: isString,
  width: isSize,
  height: isSize,
  initialWidth: isSize,
  initialHeight: isSize,
  draggable: isBoolean,
  connectable: isBoolean,
  expandParent: isBoolean,
  sourcePosition: isSide,
  targetPosition: isSide,
  extent: isExtent,
  origin: isPair,
  dragHandle: isPlainSelector,
  handles: never,
  measured: never,
  internals: never,
  dragging: never,
  resizing: never
}

const ofEdges: Readonly<Record<string, Check>> = {
  ...either,
  sourceHandle: isHandleId,
  targetHandle: isHandleId,
  animated: isBoolean,
  reconnectable: (value) => isBoolean(value) || value === 'source' || value === 'target',
  label: (value) => isString(value) || isNumber(value),
  labelStyle: isFlat,
  labelShowBg: isBoolean,
  labelBgStyle: isFlat,
  labelBgPadding: isPair,
  labelBgBorderRadius: isNumber,
  interactionWidth: isNumber,
  markerStart: isMarker,
  markerEnd: isMarker,
  pathOptions: isFlat
}

export function shownNode(json: NodeJson): NodeJson {
  return withGoodPlace(withGoodStyles(withGoodFields(json, ofNodes)))
}

export function shownEdge(json: EdgeJson): EdgeJson {
  return withGoodStyles(withGoodFields(json, ofEdges))
}

/** The same object if there is nothing to leave out. Keys that React Flow does not know pass. */
function withGoodFields<Json extends NodeJson | EdgeJson>(
  json: Json,
  checks: Readonly<Record<string, Check>>
): Json {
  const bad = Object.keys(json).filter(
    (key) => Object.hasOwn(checks, key) && checks[key]?.(json[key]) === false
  )
  if (bad.length === 0) return json
  const good: Record<string, unknown> = { ...json }
  for (const key of bad) Reflect.deleteProperty(good, key)
  return good as Json
}

/** Likewise. They are flat objects by now. */
function withGoodStyles<Json extends NodeJson | EdgeJson>(json: Json): Json {
  let shown = json
  for (const key of ['style', 'labelStyle', 'labelBgStyle']) {
    const style = json[key] as Record<string, unknown> | undefined
    if (style === undefined) continue
    const good = shownStyle(style)
    if (good !== style) shown = { ...shown, [key]: good }
  }
  return shown
}

function withGoodPlace(json: NodeJson): NodeJson {
  const { x, y } = json.position
  const position: Point = { x: within(x), y: within(y) }
  return position.x === x && position.y === y ? json : { ...json, position }
}

function within(place: number): number {
  return Number.isNaN(place) ? 0 : Math.min(Math.max(place, -FARTHEST), FARTHEST)
}
