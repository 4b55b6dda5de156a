/** @coflow/react: hooks and components for workflow canvases that many people edit together. */

export type * from './types'

export { ApiError, dataOf, Rest, type RestOptions, type Wire } from './api/rest'
export { CoflowClient, type CoflowOptions } from './client/coflow_client'
export { revertedLabel, saveLabel, type Names } from './client/save_label'
export type { Store } from './client/store'
export type { ServerEvent } from './client/sync_connection'
export { forgetStoredCopies, storedCopies, type WhoseCopies } from './client/stored_records'
export type { DataPath, DataProperty } from './flow/data_path'
export { graphOf, type GraphJson } from './flow/read_graph'

export { ClientContext } from './hooks/client_context'
export { CoflowProvider, type CoflowProviderProps } from './hooks/coflow_provider'
export { useClient } from './hooks/use_client'
export { useCollaboration, type Collaboration } from './hooks/use_collaboration'
export { useComments, type Comments, type NewThread } from './hooks/use_comments'
export { useConnectionStatus, type ConnectionStatusResult } from './hooks/use_connection_status'
export { useFlow, type Flow } from './hooks/use_flow'
export { useLocks, type Locks, type LockTerms } from './hooks/use_locks'
export { useNodeText, type NodeTextResult } from './hooks/use_node_text'
export { useOthers } from './hooks/use_others'
export { useSelf, type Self } from './hooks/use_self'
export { useSharedClient, type SharedClientOptions } from './hooks/use_shared_client'
export { useTyping, type Typing } from './hooks/use_typing'
export { useUndo, type Undo } from './hooks/use_undo'

export { AvatarStack, type AvatarStackProps } from './components/avatar_stack'
export {
  CollaborativeCursor,
  type CollaborativeCursorProps
} from './components/collaborative_cursor'
export { CommentPanel, type CommentPanelProps } from './components/comment_panel'
export { CommentPins, type CommentDraft, type CommentPinsProps } from './components/comment_pins'
export { EditLockIndicator, type EditLockIndicatorProps } from './components/edit_lock_indicator'
export { SaveStatus, type SaveStatusProps } from './components/save_status'
export { ShareWorkflowModal, type ShareWorkflowModalProps } from './components/share_workflow_modal'
export { ThreadView, type ThreadViewProps } from './components/thread_view'
export { UndoButtons, type UndoButtonsProps } from './components/undo_buttons'
export { UserPresenceList, type UserPresenceListProps } from './components/user_presence_list'
