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
  /** Who has locked the whole workflow, if it is somebody else. */
  lockedBy: string | null
}

export function useRights(): Rights {
  const client = useClient()
  const subscribe = useCallback(
    (listener: () => void) => {
      const stores = [client.participants, client.connection, client.session, client.locks]
      const stops = stores.map((store) => store.subscribe(listener))
      return () => stops.forEach((stop) => stop())
    },
    [client]
  )
  const role = useSyncExternalStore(subscribe, () => client.role())
  const canEdit = useSyncExternalStore(subscribe, () => client.canEdit())
  const lockedBy = useSyncExternalStore(subscribe, () => {
    const lock = client.locks.get().find(({ resourceType }) => resourceType === 'workflow')
    return lock === undefined || lock.lockedBy === client.userId ? null : lock.lockedByName
  })
  return useMemo(() => rightsOf(role, canEdit, lockedBy), [role, canEdit, lockedBy])
}

function rightsOf(role: Role | null, canEdit: boolean, lockedBy: string | null): Rights {
  const isEditor = role === 'editor' || role === 'owner'
  return {
    ...{ role, canEdit: canEdit && lockedBy === null, lockedBy },
    ...{ mayLock: isEditor, canShare: isEditor },
    canComment: isEditor || role === 'commenter',
    canManage: role === 'owner'
  }
}
