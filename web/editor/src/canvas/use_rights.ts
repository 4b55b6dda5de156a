/** What this user may do here, for those who care for nothing else: no cursor of anybody wakes them. */

import { useClient, type Role } from '@coflow/react'
import { useCallback, useMemo, useSyncExternalStore } from 'react'

export interface Rights {
  role: Role | null
  canEdit: boolean
  canComment: boolean
  canShare: boolean
  canManage: boolean
  /** By the role, whatever the mode. */
  mayLock: boolean
}

export function useRights(): Rights {
  const client = useClient()
  const subscribe = useCallback(
    (listener: () => void) => {
      const stops = [client.participants, client.connection, client.session].map((store) =>
        store.subscribe(listener)
      )
      return () => stops.forEach((stop) => stop())
    },
    [client]
  )
  const role = useSyncExternalStore(subscribe, () => client.role())
  const canEdit = useSyncExternalStore(subscribe, () => client.canEdit())
  return useMemo(() => rightsOf(role, canEdit), [role, canEdit])
}

function rightsOf(role: Role | null, canEdit: boolean): Rights {
  const isEditor = role === 'editor' || role === 'owner'
  return {
    ...{ role, canEdit, mayLock: isEditor, canShare: isEditor },
    canComment: isEditor || role === 'commenter',
    canManage: role === 'owner'
  }
}
