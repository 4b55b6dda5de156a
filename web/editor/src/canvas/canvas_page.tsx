/** `/w/{id}`: one workflow, for somebody who is known, with a client of its own. */

import { CoflowProvider } from '@coflow/react'
import { ReactFlowProvider } from '@xyflow/react'
import { useCallback, useMemo } from 'react'
import { useParams } from 'react-router'
import { guestToken, type Credentials } from '../identity/credentials'
import { Identified } from '../identity/identified'
import type { ServerInfo } from '../identity/server_info'
import { NoticeProvider } from '../notices/notice_provider'
import { Workspace } from './workspace'

export default function CanvasPage() {
  const { id = '' } = useParams()
  return (
    <Identified workflowId={id}>
      {(credentials, server) => (
        // Another user, another workflow: nothing of the last one may stay.
        <Workflow
          key={`${id} ${credentials.userId}`}
          id={id}
          credentials={credentials}
          server={server}
        />
      )}
    </Identified>
  )
}

interface Props {
  id: string
  credentials: Credentials
  server: ServerInfo
}

function Workflow({ id, credentials, server }: Props) {
  const { userId, name, token, isGuest } = credentials
  const asGuest = useCallback(() => guestToken(id), [id])
  const identity = useMemo(() => {
    if (isGuest) return { userId, userName: name, token: asGuest }
    return token === null ? { userId, userName: name } : { userId, userName: name, token }
  }, [userId, name, token, isGuest, asGuest])

  return (
    <CoflowProvider workflowId={id} {...identity}>
      <ReactFlowProvider>
        <NoticeProvider>
          <Workspace authMode={server.authMode} />
        </NoticeProvider>
      </ReactFlowProvider>
    </CoflowProvider>
  )
}
