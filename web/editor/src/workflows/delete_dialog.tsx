/** Asks before a workflow is deleted for good, and tells if that did not work. */

import type { Rest } from '@coflow/react'
import { AlertDialog } from 'radix-ui'
import { useState } from 'react'
import { useReturnFocus } from '../app/use_return_focus'
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
  const returnFocus = useReturnFocus()

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
    <AlertDialog.Root open onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="coflow-overlay" />
        <AlertDialog.Content className="coflow-dialog coflow-dialog--small" {...returnFocus}>
          <AlertDialog.Title className="coflow-dialog__title">
            Delete “{workflow.name || 'Untitled'}”?
          </AlertDialog.Title>
          <AlertDialog.Description className="coflow-dialog__text">
            Its comments, links and history go with it, for everyone. This cannot be undone.
          </AlertDialog.Description>
          {problem !== null && (
            <p className="coflow-dialog__text ed-error" role="alert">
              {problem}
            </p>
          )}
          <div className="coflow-dialog__actions">
            <AlertDialog.Cancel className="coflow-button">Cancel</AlertDialog.Cancel>
            <button
              type="button"
              className="coflow-button coflow-button--danger"
              disabled={state === 'deleting'}
              onClick={() => void confirm()}
            >
              {state === 'deleting' ? 'Deleting…' : 'Delete'}
            </button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
