/** Who types in a field, this user included in what others see. */

import { useEffect, useMemo } from 'react'
import type { CoflowClient } from '../client/coflow_client'
import type { Participant } from '../types'
import { useClient } from './use_client'
import { useOthers } from './use_others'

/** Without input for so long nobody is said to type any more. */
const QUIET_MS = 3_000

export interface Typing {
  typists: readonly Participant[]
  onFocus: () => void
  onBlur: () => void
  onInput: () => void
}

export function useTyping(nodeId: string, property: string): Typing {
  const client = useClient()
  const others = useOthers()
  const indicator = useMemo(() => indicatorOf(client, nodeId, property), [client, nodeId, property])
  useEffect(() => indicator.onBlur, [indicator])
  const typists = useMemo(
    () => others.filter(({ typing }) => typing?.nodeId === nodeId && typing.property === property),
    [others, nodeId, property]
  )
  return useMemo(() => ({ typists, ...indicator }), [typists, indicator])
}

function indicatorOf(
  client: CoflowClient,
  nodeId: string,
  property: string
): Omit<Typing, 'typists'> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isShown = false
  const stop = () => {
    clearTimeout(timer)
    // Another field may be shown by now; only this one's is taken away.
    if (isShown) client.setPresence({ typing: null })
    isShown = false
  }
  return {
    // Who only looks into a field does not type.
    onFocus: () => undefined,
    onBlur: stop,
    onInput: () => {
      clearTimeout(timer)
      timer = setTimeout(stop, QUIET_MS)
      isShown = true
      client.setPresence({ typing: { nodeId, property } })
    }
  }
}
