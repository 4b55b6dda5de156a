/** Asks before a workflow is deleted for good, and tells if that did not work. */

import type { Rest } from '@coflow/react'
import { useState } from 'react'
import { Question } from '../app/question'
import { asApiError, type WorkflowSummary } from './use_workflows'

interface Props {
  rest: Rest
  workflow: WorkflowSummary
  onClose: () => void
  onDeleted: (id: string) => void
}

export function DeleteDialog({ rest, workflow, onClose, onDeleted }: Props) {
  const [state, setState] = useState<'asking' | 'deleting'>('asking')
  const [problem, setProblem] = useState<string | null>(null)

  const confirm = async () => {
    setState('deleting')
    try {
      await rest.deleteWorkflow(workflow.id)
      onDeleted(workflow.id)
    } catch (error) {
      setProblem(asApiError(error).detail)
      setState('asking')
    }
  }

  return (
    <Question
      open
      title={`Delete “${workflow.name || 'Untitled'}”?`}
      stay="Cancel"
      action={state === 'deleting' ? 'Deleting…' : 'Delete'}
      isBusy={state === 'deleting'}
      problem={problem}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      Its comments, links and history go with it, for everyone. This cannot be undone.
    </Question>
  )
}
