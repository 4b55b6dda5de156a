/** How the connection is, what is unsaved, and what was reverted. */

import { useMemo } from 'react'
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
  return useMemo(
    () => ({
      ...state,
      retry: () => client.retry(),
      dismissReverted: () => client.dismissReverted()
    }),
    [client, state]
  )
}
