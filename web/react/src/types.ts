/** What the package's hooks and components speak of. Names are camelCase; the wire's are the server's. */

export type Role = 'viewer' | 'commenter' | 'editor' | 'owner'
export type Permission = 'view' | 'comment' | 'edit' | 'share' | 'manage'
export type ResourceType = 'workflow' | 'node' | 'edge'
export type CollaborationMode = 'parallel' | 'sequential' | 'locked'

/** A point in flow coordinates: those of the nodes, whatever each viewer's zoom and pan. */
export interface Point {
  x: number
  y: number
}

export interface Viewport {
  x: number
  y: number
  zoom: number
  /** Of the canvas on that screen, in its pixels: where they are known, a follower can show the same middle. */
  width?: number
  height?: number
}

/** What a rule protected: `id` is a node's, an edge's or the workflow's. */
export interface Resource {
  type: ResourceType
  id: string
}

/** Somebody who takes part: with an editor, with a JSON client, or by heartbeats over REST. */
export interface Participant {
  userId: string
  name: string
  /** `#rrggbb`, the server's choice, readable on white and on dark. */
  color: string
  role: Role
  isSelf: boolean
  /** The Yjs client ids of this user's editors that are connected; empty for REST alone. */
  clientIds: readonly number[]
  cursor: Point | null
  viewport: Viewport | null
  /** The one that was selected last. */
  selectedNode: string | null
  /** With all others; of very many the first. */
  selectedNodes: readonly string[]
  /** Nodes that are being dragged just now, and where they are. */
  dragging: Readonly<Record<string, Point>> | null
  typing: { nodeId: string; property: string } | null
  /** Milliseconds since 1970, by this device's clock, of the last change of what is above. */
  lastActiveMs: number
}

export interface Lock {
  lockId: string
  resourceType: ResourceType
  resourceId: string
  lockedBy: string
  lockedByName: string
  reason: string | null
  /** Milliseconds since 1970, by this device's clock. */
  expiresAtMs: number
  fence: number
}

export interface Comment {
  commentId: string
  threadId: string
  parentCommentId: string | null
  userId: string
  userName: string
  content: string
  contextType: 'workflow' | 'node' | 'edge' | 'canvas'
  contextId: string | null
  point: Point | null
  /** False if the node or edge it was about is gone; `point` is then where that was last. */
  anchorExists: boolean
  isResolved: boolean
  /** Milliseconds since 1970, by this device's clock; so is the next. */
  createdAtMs: number
  updatedAtMs: number
}

/** A first comment and its replies, oldest first. */
export interface Thread {
  root: Comment
  replies: readonly Comment[]
}

export type ConnectionStatus =
  /** The socket is being opened, for the first time or again. */
  | 'connecting'
  /** Open, and the document is in step with the server's. */
  | 'connected'
  /** No socket; it is tried again, and edits are kept. */
  | 'offline'
  /** The server has closed it for good: see `closed`. */
  | 'closed'

export interface Closed {
  code: number
  reason: string
  /** For people: what has happened and what they can do. */
  message: string
}

/** Why an edit of this editor did not happen. */
export interface Reverted {
  resources: readonly Resource[]
  /** `locked`, `not_your_turn`, `lock_required`, `stale_document`, … as docs/protocol.md lists them. */
  reason: string
  /** The user id of who may change it, if it is somebody's. */
  holder: string | null
  atMs: number
}

export interface ConnectionState {
  status: ConnectionStatus
  /** True once the server's document, or a stored copy of it, is there to be shown. */
  isLoaded: boolean
  /** Edits that the server has not yet told to be saved. */
  unsavedChanges: number
  /** Edits are also kept on this device. */
  isStored: boolean
  /** Some of what only this device has is still on its way to the disk. */
  isStoring: boolean
  /** Why the server has closed the connection: for good, or, while `offline`, for now. */
  closed: Closed | null
  reverted: Reverted | null
}

/** The document had to be thrown away (close code 4409). */
export interface ResetNotice {
  reverted: readonly Reverted[]
  /** All that the old document held, as React Flow JSON, to be saved by the user. */
  unsavedContent: { nodes: unknown[]; edges: unknown[]; meta: Record<string, unknown> }
  atMs: number
}

export interface Session {
  sessionId: string
  mode: CollaborationMode
  maxUsers: number | null
  turn: { holder: string | null; requests: readonly { userId: string; userName: string }[] }
}

/** A token, or what gets one; asked again whenever the server says that the last has expired. */
export type TokenSource = string | (() => string | Promise<string>)
