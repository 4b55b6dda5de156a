/** `/`: the workflows that one may view, to be found, opened, created, imported and deleted. */

import './workflows.css'
import { Rest } from '@coflow/react'
import { useMemo } from 'react'
import type { Credentials } from '../identity/credentials'
import { Identified } from '../identity/identified'
import { WorkflowList } from './workflow_list'

export default function WorkflowsPage() {
  return (
    <Identified>
      {({ credentials }) => <Workflows key={credentials.userId} credentials={credentials} />}
    </Identified>
  )
}

function Workflows({ credentials }: { credentials: Credentials }) {
  const { userId, token } = credentials
  const rest = useMemo(() => new Rest(token === null ? { userId } : { token }), [userId, token])
  return <WorkflowList rest={rest} />
}
