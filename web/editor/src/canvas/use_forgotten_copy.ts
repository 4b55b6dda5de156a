/** Removes this device's copy of a workflow that its user may not see any more. */

import { useClient } from '@coflow/react'
import { useEffect } from 'react'
import { forgetCopies, forgetSavedCopies } from '../identity/sign_out'

/** Returns what removes it with its unsaved changes, to be called once they have been taken. */
export function useForgottenCopy(isForgotten: boolean): () => void {
  const { userId, options } = useClient()
  const { workflowId } = options

  useEffect(() => {
    if (isForgotten) void forgetSavedCopies({ userId, workflowId })
  }, [isForgotten, userId, workflowId])

  return () => {
    if (isForgotten) void forgetCopies({ userId, workflowId })
  }
}
