/** This user, and what the others are shown of it. */

import { useMemo } from 'react'
import { onlyOf } from '../client/presence'
import type { CoflowClient } from '../client/coflow_client'
import { selected } from '../client/store'
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
  const self = useStore(
    useMemo(
      () => selected(client.participants, (all) => all.find((each) => each.isSelf) ?? null),
      [client]
    )
  )
  const actions = useMemo(() => actionsOf(client), [client])
  return useMemo(() => ({ self, ...actions }), [self, actions])
}

function actionsOf(client: CoflowClient): Omit<Self, 'self'> {
  return {
    setCursor: (cursor) => client.setPresence({ cursor }),
    setSelectedNode: (selectedNode) =>
      client.setPresence({ selectedNode, selectedNodes: onlyOf(selectedNode) }),
    setViewport: (viewport) => client.setPresence({ viewport })
  }
}
