/** A shared client, connected for as long as the component is there. */

import { useEffect, useMemo, useState } from 'react'
import type { CoflowClient, CoflowOptions } from '../client/coflow_client'
import { holdClient, sharedClient, tokenKey } from '../client/shared_clients'

let askers = 0

/** With `existing` nothing is made or held. A copy is kept on this device if `offline` is true. */
export function useHeldClient(
  options: CoflowOptions,
  existing: CoflowClient | null = null
): CoflowClient {
  const { workflowId, userId, userName, token, serverUrl, offline } = options
  const whose = tokenKey(options)
  const [asker] = useState(() => (askers += 1))
  const [lives, setLives] = useState(0)
  const client = useMemo(
    () =>
      existing ?? sharedClient({ workflowId, userId, userName, token, serverUrl, offline }, asker),
    // Another name or another token of the same user is no reason for another connection.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [existing, workflowId, userId, whose, serverUrl, offline, asker, lives]
  )
  useEffect(() => {
    // It may be another with every rendering; the last one is asked.
    if (existing === null && token !== undefined) client.setTokenSource(token)
  })
  useEffect(() => {
    if (existing !== null) return undefined
    if (!client.isDestroyed) return holdClient(client, { keepsCopy: offline === true })
    // It has ended while this was hidden, which no rendering could have known.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    setLives((before) => before + 1)
    return undefined
  }, [client, existing, offline])
  return client
}
