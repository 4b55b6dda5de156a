/** `/w/{id}`: one workflow, for somebody who is known, with a client of its own. */

import { CoflowProvider } from '@coflow/react'
import { ReactFlowProvider } from '@xyflow/react'
import { useMemo } from 'react'
import { useParams } from 'react-router'
import type { Credentials } from '../identity/credentials'
import { Identified } from '../identity/identified'
import { NoticeProvider } from '../notices/notice_provider'
import { guestTokens } from '../share/visit'
import { Workspace } from './workspace'

export default function CanvasPage() {
  const { id = '' } = useParams()
  return (
    <Identified workflowId={id}>
      {({ credentials }) => (
        // Another user, another workflow: nothing of the last one may stay.
        <Workflow key={`${id} ${credentials.userId}`} id={id} credentials={credentials} />
      )}
    </Identified>
  )
}

interface Props {
  id: string
  credentials: Credentials
}

function Workflow({ id, credentials }: Props) {
  const { userId, name, token, isGuest } = credentials
  const asGuest = useMemo(() => guestTokens(id), [id])
  const identity = useMemo(() => {
    if (isGuest) return { userId, userName: name, token: asGuest }
    return token === null ? { userId, userName: name } : { userId, userName: name, token }
  }, [userId, name, token, isGuest, asGuest])

  return (
    <CoflowProvider workflowId={id} {...identity}>
      <ReactFlowProvider>
        <NoticeProvider>
          <Workspace />
        </NoticeProvider>
      </ReactFlowProvider>
    </CoflowProvider>
  )
}
