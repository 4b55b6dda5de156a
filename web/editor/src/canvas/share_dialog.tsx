/** The package's share dialog, for this workflow and its name. */

import { ShareWorkflowModal, useClient } from '@coflow/react'
import { useFlowContext } from './flow_context'

interface Props {
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function ShareDialog({ open, onOpenChange }: Props) {
  const client = useClient()
  const { meta } = useFlowContext()
  return (
    <ShareWorkflowModal
      workflowId={client.options.workflowId}
      workflowName={typeof meta.name === 'string' ? meta.name : ''}
      open={open}
      onOpenChange={onOpenChange}
      currentUserId={client.userId}
    />
  )
}
