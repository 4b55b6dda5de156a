/** Who takes part, merged from awareness states and from what the server tells of everybody else. */

import type { Participant, Point, Role } from '../types'
import { isRole } from './permissions'
import { pointOf, viewportOf } from './wire'

/** What an editor shows of itself; the names are those of docs/protocol.md. */
export interface OwnPresence {
  cursor: Point | null
  viewport: Participant['viewport']
  selectedNode: string | null
  selectedNodes: readonly string[]
  dragging: Readonly<Record<string, Point>> | null
  typing: Participant['typing']
}

export const NO_PRESENCE: OwnPresence = {
  cursor: null,
  viewport: null,
  selectedNode: null,
  selectedNodes: [],
  dragging: null,
  typing: null
}

/** The server ends a connection for a state of over 8 KiB: of very much at once only the first part is shown. */
const MAX_DRAGGING_BYTES = 4_000
const MAX_SELECTED_BYTES = 1_500
const MAX_NAMES_BYTES = 1_500

export function awarenessOf(presence: OwnPresence): Record<string, unknown> {
  const { cursor, viewport, selectedNode, selectedNodes, dragging, typing } = presence
  const shownTyping = typing === null ? null : { node_id: typing.nodeId, property: typing.property }
  const areNamesShort = bytesOf([selectedNode, shownTyping]) <= MAX_NAMES_BYTES
  return {
    cursor,
    viewport,
    selected_node: areNamesShort ? selectedNode : null,
    ...(selectedNodes.length > 1 && { selected_nodes: firstNames(selectedNodes) }),
    dragging: dragging === null ? null : firstOf(dragging),
    typing: areNamesShort ? shownTyping : null
  }
}

/** As many as there is room for, in tenths of a pixel. */
function firstOf(dragging: Readonly<Record<string, Point>>): Record<string, Point> {
  const first: Record<string, Point> = {}
  let bytes = 0
  for (const [id, { x, y }] of Object.entries(dragging)) {
    const point = { x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 }
    bytes += bytesOf([id, point])
    if (bytes > MAX_DRAGGING_BYTES) break
    first[id] = point
  }
  return first
}

function firstNames(names: readonly string[]): string[] {
  let bytes = 0
  const end = names.findIndex((name) => (bytes += bytesOf(name)) > MAX_SELECTED_BYTES)
  return names.slice(0, end === -1 ? undefined : end)
}

function bytesOf(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length
}

const encoder = new TextEncoder()

function presenceOf(state: Record<string, unknown>): OwnPresence {
  const { cursor, viewport, selected_node, selected_nodes, dragging, typing } = state
  const selectedNode = typeof selected_node === 'string' ? selected_node : null
  return {
    cursor: pointOf(cursor),
    viewport: viewportOf(viewport),
    selectedNode,
    selectedNodes: Array.isArray(selected_nodes)
      ? selected_nodes.filter((each) => typeof each === 'string')
      : onlyOf(selectedNode),
    dragging: pointsOf(dragging),
    typing: typingOf(typing)
  }
}

export function onlyOf(selectedNode: string | null): readonly string[] {
  return selectedNode === null ? [] : [selectedNode]
}

function pointsOf(value: unknown): Record<string, Point> | null {
  if (typeof value !== 'object' || value === null) return null
  const points: Record<string, Point> = {}
  for (const [id, item] of Object.entries(value)) {
    const point = pointOf(item)
    if (point !== null) points[id] = point
  }
  return Object.keys(points).length > 0 ? points : null
}

function typingOf(value: unknown): Participant['typing'] {
  if (typeof value !== 'object' || value === null) return null
  const { node_id, property } = value as { node_id?: unknown; property?: unknown }
  return typeof node_id === 'string' && typeof property === 'string'
    ? { nodeId: node_id, property }
    : null
}

/** One user as the server's lists and events show them. */
export interface Attendee {
  userId: string
  name: string
  color: string
  role: Role | null
  cursor: Point | null
  selectedNode: string | null
  lastActiveMs: number
}

/** One editor's state, and when it last said something new. */
export interface SeenState {
  clientId: number
  state: Record<string, unknown>
  changedMs: number
}

export interface Who {
  userId: string
  name: string
  color: string | null
  role: Role | null
  presence: OwnPresence
  clientId: number
  changedMs: number
}

/** Everybody, the user first, then by name. Of a user's several editors the one last active counts. */
export function participantsOf(
  self: Who,
  states: readonly SeenState[],
  attendees: ReadonlyMap<string, Attendee>
): Participant[] {
  const found = new Map<string, Participant>()
  for (const each of attendees.values()) {
    const { userId, name, color, role, cursor, selectedNode, lastActiveMs } = each
    const shown = { ...NO_PRESENCE, cursor, selectedNode, selectedNodes: onlyOf(selectedNode) }
    found.set(userId, {
      ...{ userId, name, color, role: role ?? 'viewer', isSelf: userId === self.userId },
      ...{ clientIds: [], ...shown, lastActiveMs }
    })
  }
  for (const { clientId, state, changedMs } of states) {
    const user = userOf(state)
    if (clientId === self.clientId || user === null) continue
    const before = found.get(user.userId)
    const clientIds = [...(before?.clientIds ?? []), clientId].sort((a, b) => a - b)
    if (before !== undefined && before.clientIds.length > 0 && before.lastActiveMs > changedMs) {
      found.set(user.userId, { ...before, clientIds })
    } else {
      const isSelf = user.userId === self.userId
      found.set(user.userId, {
        ...user,
        ...{ isSelf, clientIds, ...presenceOf(state), lastActiveMs: changedMs }
      })
    }
  }
  const known = found.get(self.userId)
  found.delete(self.userId)
  const own: Participant = {
    userId: self.userId,
    name: known?.name ?? self.name,
    color: known?.color ?? self.color ?? '#6b7280',
    role: self.role ?? known?.role ?? 'viewer',
    isSelf: true,
    clientIds: [self.clientId, ...(known?.clientIds ?? [])],
    ...self.presence,
    lastActiveMs: self.changedMs
  }
  const others = [...found.values()].sort(
    (a, b) => a.name.localeCompare(b.name) || (a.userId < b.userId ? -1 : 1)
  )
  return [own, ...others]
}

function userOf(
  state: Record<string, unknown>
): Pick<Participant, 'userId' | 'name' | 'color' | 'role'> | null {
  const user = state.user
  if (typeof user !== 'object' || user === null) return null
  const { id, name, color, role } = user as Record<string, unknown>
  if (typeof id !== 'string' || typeof color !== 'string') return null
  return {
    userId: id,
    name: typeof name === 'string' ? name : id,
    color,
    role: isRole(role) ? role : 'viewer'
  }
}
