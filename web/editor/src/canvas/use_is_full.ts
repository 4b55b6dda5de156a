/** Whether the workflow has no place left: its socket is closed like many others, and REST says why. */

import { ApiError, useClient, useConnectionStatus } from '@coflow/react'
import { useEffect, useState } from 'react'

const ASK_AGAIN_MS = 10_000

export function useIsFull(): boolean {
  const client = useClient()
  const { status } = useConnectionStatus()
  const [isFull, setFull] = useState(false)
  const isOffline = status === 'offline'

  useEffect(() => {
    if (!isOffline) return
    let isCurrent = true
    const ask = () => {
      client.rest.joinSession({ workflow_id: client.options.workflowId }).then(
        () => isCurrent && setFull(false),
        (error: unknown) => {
          if (isCurrent) setFull(error instanceof ApiError && error.code === 'session_full')
        }
      )
    }
    ask()
    const timer = setInterval(ask, ASK_AGAIN_MS)
    return () => {
      isCurrent = false
      clearInterval(timer)
    }
  }, [client, isOffline])

  return isFull && status !== 'connected'
}
