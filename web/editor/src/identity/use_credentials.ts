/** Who the server is told that one is: known, unknown, or not yet asked how people prove it. */

import { useEffect, useState, useSyncExternalStore } from 'react'
import { credentialsFor, type Credentials } from './credentials'
import { identityVersion, subscribeToIdentity } from './identity'
import { knownServerInfo, serverInfo, type ServerInfo } from './server_info'

export type Known =
  | { state: 'asking' }
  | { state: 'unreachable'; retry: () => void }
  | { state: 'unknown'; server: ServerInfo }
  | { state: 'known'; server: ServerInfo; credentials: Credentials }

export function useCredentials(workflowId: string | null): Known {
  useSyncExternalStore(subscribeToIdentity, identityVersion)
  const [attempt, setAttempt] = useState(0)
  const [server, setServer] = useState<ServerInfo | 'unreachable' | null>(knownServerInfo)

  useEffect(() => {
    let isCurrent = true
    serverInfo().then(
      (info) => isCurrent && setServer(info),
      () => isCurrent && setServer('unreachable')
    )
    return () => {
      isCurrent = false
    }
  }, [attempt])

  if (server === null) return { state: 'asking' }
  if (server === 'unreachable') {
    const retry = () => {
      setServer(null)
      setAttempt((before) => before + 1)
    }
    return { state: 'unreachable', retry }
  }
  const credentials = credentialsFor(server.authMode, workflowId)
  return credentials === null
    ? { state: 'unknown', server }
    : { state: 'known', server, credentials }
}
