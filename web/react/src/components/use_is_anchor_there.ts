/** Whether the node or edge that a comment is about is there now, and not only when the comments were read. */
import { useCallback, useSyncExternalStore } from 'react'
import { EDGES, NODES } from '../flow/read_graph'
import { useClient } from '../hooks/use_client'
import { useStore } from '../hooks/use_store'
import type { Comment } from '../types'

export function useIsAnchorThere({ contextType, contextId, anchorExists }: Comment): boolean {
  const client = useClient()
  const doc = useStore(client.document)
  const { isLoaded } = useStore(client.connection)
  const isOfDocument = contextType === 'node' || contextType === 'edge'
  const entries = doc.getMap(contextType === 'edge' ? EDGES : NODES)
  const subscribe = useCallback(
    (listener: () => void) => {
      entries.observe(listener)
      return () => entries.unobserve(listener)
    },
    [entries]
  )
  const has = () => contextId !== null && entries.has(contextId)
  const isInDocument = useSyncExternalStore(subscribe, has, has)
  if (!isOfDocument) return true
  return isLoaded ? isInDocument : anchorExists
}
