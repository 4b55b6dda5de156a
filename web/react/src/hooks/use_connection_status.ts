/** How the connection is, what is unsaved, and what was reverted. */

import { useMemo } from 'react'
import type { CoflowClient } from '../client/coflow_client'
import type { ConnectionState } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

export interface ConnectionStatusResult extends ConnectionState {
  /** Now, instead of when it is due; also after a final close. */
  retry: () => void
  dismissReverted: () => void
}

export function useConnectionStatus(): ConnectionStatusResult {
  const client = useClient()
  const state = useStore(client.connection)
  const actions = useMemo(() => actionsOf(client), [client])
  return useMemo(() => ({ ...state, ...actions }), [state, actions])
}

function actionsOf(client: CoflowClient): Omit<ConnectionStatusResult, keyof ConnectionState> {
  return {
    retry: () => client.retry(),
    dismissReverted: () => client.dismissReverted()
  }
}
