/** A shared client, connected for as long as the component is there. */

import { useEffect, useMemo } from 'react'
import type { CoflowClient, CoflowOptions } from '../client/coflow_client'
import { holdClient, sharedClient, tokenKey } from '../client/shared_clients'

/** With `existing` nothing is made or held. */
export function useHeldClient(
  options: CoflowOptions,
  existing: CoflowClient | null = null
): CoflowClient {
  const { workflowId, userId, userName, token, serverUrl, offline } = options
  const whose = tokenKey(options)
  const client = useMemo(
    () => existing ?? sharedClient({ workflowId, userId, userName, token, serverUrl, offline }),
    // Another name or another token of the same user is no reason for another connection.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [existing, workflowId, userId, whose, serverUrl]
  )
  useEffect(() => {
    // It may be another with every rendering; the last one is asked.
    if (existing === null && token !== undefined) client.setTokenSource(token)
  })
  useEffect(() => (existing === null ? holdClient(client) : undefined), [client, existing])
  return client
}
