/** A shared client, connected for as long as the component is there. */

import { useEffect, useMemo } from 'react'
import type { CoflowClient, CoflowOptions } from '../client/coflow_client'
import { holdClient, sharedClient } from '../client/shared_clients'

/** With `existing` nothing is made or held. */
export function useHeldClient(
  options: CoflowOptions,
  existing: CoflowClient | null = null
): CoflowClient {
  const { workflowId, userId, userName, token, serverUrl, offline } = options
  const tokenKey = typeof token === 'function' ? 'function' : token
  const client = useMemo(
    () => existing ?? sharedClient({ workflowId, userId, userName, token, serverUrl, offline }),
    // Another name or another function is no reason for another connection.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [existing, workflowId, userId, tokenKey, serverUrl]
  )
  useEffect(() => {
    // It may be another function with every rendering; the last one is asked.
    if (existing === null && token !== undefined) client.setTokenSource(token)
  })
  useEffect(() => (existing === null ? holdClient(client) : undefined), [client, existing])
  return client
}
