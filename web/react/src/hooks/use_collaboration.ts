/** The workflow, its session, and what this user may do in it. */

import { useMemo } from 'react'
import type * as Y from 'yjs'
import type { CoflowClient } from '../client/coflow_client'
import { isAllowed } from '../client/permissions'
import type { CollaborationMode, ResetNotice, Role, Session } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

export interface Collaboration {
  client: CoflowClient
  /** Another one after a reset. */
  doc: Y.Doc
  workflowId: string
  session: Session | null
  /** Null until the server, or a stored copy, has said so. */
  role: Role | null
  /** The role allows it, and the mode lets this user edit at all. */
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
  const { role, canEdit } = useStore(client.access)
  return useMemo(
    () => ({
      client,
      doc,
      workflowId: client.options.workflowId,
      session,
      role,
      canEdit,
      canComment: isAllowed(role, 'comment'),
      canShare: isAllowed(role, 'share'),
      canManage: isAllowed(role, 'manage'),
      reset,
      ...actionsOf(client)
    }),
    [client, doc, session, role, canEdit, reset]
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
