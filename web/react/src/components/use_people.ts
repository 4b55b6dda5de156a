/** Who takes part, without what changes many times a second: moving cursors render nothing. */
import { useMemo, useSyncExternalStore } from 'react'
import type { CoflowClient } from '../client/coflow_client'
import { isEqualJson } from '../client/equality'
import type { Store } from '../client/store'
import { useClient } from '../hooks/use_client'
import type { Participant } from '../types'

/** "active now" lasts a minute: nobody sees less. */
const activityGrainMs = 10_000

function isSame(a: Participant, b: Participant): boolean {
  return (
    a.userId === b.userId &&
    a.name === b.name &&
    a.color === b.color &&
    a.role === b.role &&
    a.selectedNode === b.selectedNode &&
    isEqualJson(a.selectedNodes, b.selectedNodes) &&
    a.typing?.nodeId === b.typing?.nodeId &&
    Object.keys(a.dragging ?? {}).join() === Object.keys(b.dragging ?? {}).join() &&
    Math.abs(a.lastActiveMs - b.lastActiveMs) < activityGrainMs
  )
}

/** The list that was read before, for as long as nothing of it has changed that is looked at. */
function coarse(participants: Store<readonly Participant[]>): () => readonly Participant[] {
  let last: readonly Participant[] = []
  return () => {
    const next = participants.get()
    const isUnchanged =
      next.length === last.length &&
      next.every((person, index) => {
        const before = last[index]
        return before !== undefined && isSame(before, person)
      })
    if (!isUnchanged) last = next
    return last
  }
}

/** Oneself first. Cursors, viewports and places are those of some moment: read the store for the present ones. */
export function usePeople(): readonly Participant[] {
  const { participants } = useClient()
  const get = useMemo(() => coarse(participants), [participants])
  return useSyncExternalStore(participants.subscribe, get, get)
}

/** As somebody is just now; null if gone. */
export function presentPerson(client: CoflowClient, userId: string): Participant | null {
  return client.participants.get().find((person) => person.userId === userId) ?? null
}
