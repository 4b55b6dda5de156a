/** Who types in a field, this user included in what others see. */

import { useEffect, useMemo } from 'react'
import type { CoflowClient } from '../client/coflow_client'
import { selected } from '../client/store'
import { nameOf, type DataProperty } from '../flow/data_path'
import type { Participant } from '../types'
import { useClient } from './use_client'
import { useStore } from './use_store'

/** Without input for so long nobody is said to type any more. */
const QUIET_MS = 3_000

export interface Typing {
  /** Who they are; cursors and the like are those of some moment. */
  typists: readonly Participant[]
  /** What is typed from now on is another step of undo, however soon. */
  onFocus: () => void
  onBlur: () => void
  onInput: () => void
}

export function useTyping(nodeId: string, property: DataProperty): Typing {
  const client = useClient()
  const name = nameOf(property)
  const indicator = useMemo(() => indicatorOf(client, nodeId, name), [client, nodeId, name])
  useEffect(() => indicator.onBlur, [indicator])
  const typists = useStore(useMemo(() => typistsOf(client, nodeId, name), [client, nodeId, name]))
  return useMemo(() => ({ typists, ...indicator }), [typists, indicator])
}

/** The same list for as long as the same people type: where they move meanwhile renders no field. */
function typistsOf(client: CoflowClient, nodeId: string, property: string) {
  return selected(
    client.participants,
    (all) =>
      all.filter(
        ({ isSelf, typing }) =>
          !isSelf && typing?.nodeId === nodeId && nameOf(typing.property) === property
      ),
    (a, b) => a.length === b.length && a.every((each, i) => isSamePerson(each, b[i]))
  )
}

function isSamePerson(a: Participant, b: Participant | undefined): boolean {
  return a.userId === b?.userId && a.name === b.name && a.color === b.color
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
    // Who only looks into a field does not type; what they type there is no part of what they typed elsewhere.
    onFocus: () => client.history.separate(),
    onBlur: stop,
    onInput: () => {
      clearTimeout(timer)
      timer = setTimeout(stop, QUIET_MS)
      isShown = true
      client.setPresence({ typing: { nodeId, property } })
    }
  }
}
