/** This user, and what the others are shown of it. */

import { useMemo } from 'react'
import type { Participant, Point, Viewport } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

export interface Self {
  self: Participant | null
  /** In flow coordinates; null: not on the canvas. */
  setCursor: (point: Point | null) => void
  setSelectedNode: (id: string | null) => void
  setViewport: (viewport: Viewport | null) => void
}

export function useSelf(): Self {
  const client = useClient()
  const self = useStore(client.participants).find((each) => each.isSelf) ?? null
  return useMemo(
    () => ({
      self,
      setCursor: (cursor) => client.setPresence({ cursor }),
      setSelectedNode: (selectedNode) => client.setPresence({ selectedNode }),
      setViewport: (viewport) => client.setPresence({ viewport })
    }),
    [client, self]
  )
}
