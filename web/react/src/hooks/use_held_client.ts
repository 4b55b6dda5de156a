/** A shared client, connected for as long as the component is there. */

import { useEffect, useMemo, useRef } from 'react'
import type { CoflowClient, CoflowOptions } from '../client/coflow_client'
import { holdClient, sharedClient } from '../client/shared_clients'

/** With `existing` nothing is made or held. */
export function useHeldClient(
  options: CoflowOptions,
  existing: CoflowClient | null = null
): CoflowClient {
  const { workflowId, userId, userName, token, serverUrl, offline } = options
  // A function may be another with every render; the client asks for the last one.
  const latestToken = useRef(token)
  useEffect(() => {
    latestToken.current = token
  })
  const tokenKey = typeof token === 'function' ? 'function' : token
  const client = useMemo(
    () => {
      if (existing !== null) return existing
      return sharedClient({
        ...{ workflowId, userId, userName, serverUrl, offline },
        token:
          tokenKey === 'function' && typeof token === 'function'
            ? () => {
                const source = latestToken.current ?? token
                return typeof source === 'string' ? source : source()
              }
            : token
      })
    },
    // Another name or another function is no reason for another connection.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [existing, workflowId, userId, tokenKey, serverUrl]
  )
  useEffect(() => (existing === null ? holdClient(client) : undefined), [client, existing])
  return client
}
