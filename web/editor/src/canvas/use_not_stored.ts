/** What only this page has of the workflow, and would be gone with it. */

import { useCollaboration, useConnectionStatus } from '@coflow/react'
import type { Changes } from '../identity/sign_out'

/** Of what was given back, until it is dismissed, nobody knows how many changes it is. */
export function useNotStored(): Changes {
  const { reset } = useCollaboration()
  const { unsavedChanges, isStored } = useConnectionStatus()
  if (reset !== null) return 'some'
  return isStored ? 0 : unsavedChanges
}
