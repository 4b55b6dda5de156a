/** The colour of somebody who is here; a neutral one for whoever is not. */
import { useCallback, useSyncExternalStore } from 'react'
import { useClient } from '../hooks/use_client'

export const absentColor = '#6b7280'

export function usePersonColor(userId: string): string {
  const { participants } = useClient()
  const get = useCallback(
    () => participants.get().find((person) => person.userId === userId)?.color ?? absentColor,
    [participants, userId]
  )
  return useSyncExternalStore(participants.subscribe, get, get)
}
