/** What this user may do here, for those who care for nothing else: no cursor of anybody wakes them. */

import { useClient, type Role } from '@coflow/react'
import { useCallback, useMemo, useSyncExternalStore } from 'react'

export interface Rights {
  /** Null until anything is known. */
  role: Role | null
  canEdit: boolean
  canComment: boolean
  canShare: boolean
  canManage: boolean
  /** Whatever the mode. */
  mayEdit: boolean
  /** Who has locked the whole workflow, if it is somebody else. */
  lockedBy: string | null
}

export function useRights(): Rights {
  const client = useClient()
  const { role, permissions, canEdit } = useSyncExternalStore(
    client.access.subscribe,
    client.access.get
  )
  const lockedBy = useSyncExternalStore(
    client.locks.subscribe,
    useCallback(() => {
      const lock = client.locks.get().find(({ resourceType }) => resourceType === 'workflow')
      return lock === undefined || lock.lockedBy === client.userId ? null : lock.lockedByName
    }, [client])
  )
  return useMemo(
    () => ({
      ...{ role, canEdit: canEdit && lockedBy === null, lockedBy },
      canComment: permissions.includes('comment'),
      canShare: permissions.includes('share'),
      canManage: permissions.includes('manage'),
      mayEdit: permissions.includes('edit')
    }),
    [role, permissions, canEdit, lockedBy]
  )
}
