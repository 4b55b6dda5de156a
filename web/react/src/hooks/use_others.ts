/** Everybody else who takes part. */

import { useMemo } from 'react'
import { keepIdentity } from '../client/equality'
import type { Store } from '../client/store'
import type { CoflowClient } from '../client/coflow_client'
import type { Participant } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

export function useOthers(): readonly Participant[] {
  const client = useClient()
  return useStore(useMemo(() => othersOf(client), [client]))
}

/** The same list for as long as the others are the same, however this user moves. */
function othersOf(client: CoflowClient): Store<readonly Participant[]> {
  let others: readonly Participant[] = []
  return {
    get: () => {
      const now = client.participants.get().filter((each) => !each.isSelf)
      others = keepIdentity(others, now, (each) => each.userId)
      return others
    },
    subscribe: client.participants.subscribe
  }
}
