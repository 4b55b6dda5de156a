/** Everybody else who takes part. */

import { useMemo } from 'react'
import { selected } from '../client/store'
import type { CoflowClient } from '../client/coflow_client'
import type { Participant } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

export function useOthers(): readonly Participant[] {
  const client = useClient()
  return useStore(useMemo(() => othersOf(client), [client]))
}

/** The same list for as long as the others are the same, however this user moves. */
function othersOf(client: CoflowClient) {
  return selected(
    client.participants,
    (all) => all.filter((each) => !each.isSelf),
    (a, b) => a.length === b.length && a.every((each, i) => each === b[i])
  )
}
