/** Keeps the facts beside the nodes' data up to date: shapes by nodes and edges, badges by locks. */

import { useClient, type CoflowClient } from '@coflow/react'
import type { Edge, Node } from '@xyflow/react'
import { useEffect, useLayoutEffect, useState } from 'react'
import { NodeContextValue, type Badge } from './node_context'
import { shapesOf } from './node_shapes'

export function useNodeContextValue(
  nodes: readonly Node[],
  edges: readonly Edge[]
): NodeContextValue {
  const [value] = useState(() => new NodeContextValue())
  const client = useClient()

  // Of a drag, which changes positions alone, shapes know nothing.
  const built = useStable(nodes, isBuiltAlike)
  useLayoutEffect(() => {
    value.shapes.replace(shapesOf(built, edges))
  }, [value, built, edges])

  // Straight from the stores: participants change with every cursor, badges hardly ever.
  useEffect(() => {
    const update = () => value.badges.replace(badgesOf(client))
    update()
    const stops = [client.locks.subscribe(update), client.participants.subscribe(update)]
    return () => stops.forEach((stop) => stop())
  }, [value, client])

  return value
}

function badgesOf(client: CoflowClient): Map<string, Badge> {
  const badges = new Map<string, Badge>()
  const people = client.participants.get()
  for (const lock of client.locks.get()) {
    if (lock.resourceType !== 'node') continue
    badges.set(lock.resourceId, {
      holder: lock.lockedByName,
      color: people.find(({ userId }) => userId === lock.lockedBy)?.color ?? null,
      isOwn: lock.lockedBy === client.userId
    })
  }
  return badges
}

function isBuiltAlike(a: readonly Node[], b: readonly Node[]): boolean {
  return (
    a.length === b.length &&
    a.every((node, i) => {
      const other = b[i]
      return (
        node === other ||
        (node.id === other?.id &&
          node.data === other.data &&
          node.width === other.width &&
          node.height === other.height &&
          node.parentId === other.parentId)
      )
    })
  )
}

/** The first of equal values. */
function useStable<T>(value: T, isEqual: (a: T, b: T) => boolean): T {
  const [stable, setStable] = useState(value)
  if (stable === value || isEqual(stable, value)) return stable
  setStable(value)
  return value
}
