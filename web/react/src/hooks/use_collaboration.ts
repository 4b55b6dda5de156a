/** The workflow, its session, and what this user may do in it. */

import { useMemo } from 'react'
import type * as Y from 'yjs'
import type { CoflowClient } from '../client/coflow_client'
import type { CollaborationMode, Permission, ResetNotice, Role, Session } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

export interface Collaboration {
  client: CoflowClient
  /** Another one after a reset. */
  doc: Y.Doc
  workflowId: string
  session: Session | null
  /** Null until the server, or a stored copy, has said so. For badges: a share may grant what is no role's. */
  role: Role | null
  /** Exactly what this user may do, whatever the mode; empty until it is known. */
  permissions: readonly Permission[]
  /** The permissions allow it, and the mode lets this user edit at all. */
  canEdit: boolean
  canComment: boolean
  canShare: boolean
  canManage: boolean
  reset: ResetNotice | null
  dismissReset: () => void
  setMode: (mode: CollaborationMode) => Promise<void>
  requestTurn: () => Promise<void>
  passTurn: (userId?: string) => Promise<void>
  takeOverTurn: () => Promise<void>
}

export function useCollaboration(): Collaboration {
  const client = useClient()
  const doc = useStore(client.document)
  const session = useStore(client.session)
  const reset = useStore(client.reset)
  const { role, permissions, canEdit } = useStore(client.access)
  const actions = useMemo(() => actionsOf(client), [client])
  return useMemo(
    () => ({
      client,
      doc,
      workflowId: client.options.workflowId,
      session,
      role,
      permissions,
      canEdit,
      canComment: permissions.includes('comment'),
      canShare: permissions.includes('share'),
      canManage: permissions.includes('manage'),
      reset,
      ...actions
    }),
    [client, doc, session, role, permissions, canEdit, reset, actions]
  )
}

type Actions = Pick<
  Collaboration,
  'dismissReset' | 'setMode' | 'requestTurn' | 'passTurn' | 'takeOverTurn'
>

function actionsOf(client: CoflowClient): Actions {
  const { rest } = client
  return {
    dismissReset: () => client.dismissReset(),
    setMode: (mode) =>
      client.inSession((id) => rest.changeSession(id, { collaboration_mode: mode })),
    requestTurn: () => client.inSession((id) => rest.requestTurn(id)),
    passTurn: (userId) => client.inSession((id) => rest.passTurn(id, userId)),
    takeOverTurn: () => client.inSession((id) => rest.takeOverTurn(id))
  }
}
