/** A workflow's links, read anew for as long as somebody looks, and renewed by what is done to them here. */
import { useCallback, useEffect, useState } from 'react'
import { ApiError, type Wire } from '../api/rest'
import { useClient } from '../hooks/use_client'

/** No event tells that a link was used. */
const RELOADED_EVERY_MS = 5_000

export type Share = Wire<'Share'>

export interface ShareTerms {
  permissions: Wire<'SharePermissions'>
  expiresInDays: number | null
  maxUses: number | null
}

export interface Shares {
  /** Newest first; null until they are there. */
  shares: readonly Share[] | null
  error: ApiError | null
  reload: () => void
  /** Both reject with ApiError. */
  create: (terms: ShareTerms) => Promise<Share>
  revoke: (share: Share) => Promise<void>
}

/** By this part of its id a share can be revoked, also where the whole id is not shown. */
export function shareKey(share: Pick<Share, 'share_id'>): string {
  return share.share_id.split('~', 1)[0] ?? share.share_id
}

export function useShares(): Shares {
  const { rest, options } = useClient()
  const { workflowId } = options
  const [shares, setShares] = useState<readonly Share[] | null>(null)
  const [error, setError] = useState<ApiError | null>(null)
  const [attempt, setAttempt] = useState(0)

  useEffect(() => {
    let isCurrent = true
    rest.listShares(workflowId).then(
      (items) => {
        if (!isCurrent) return
        setShares(
          items
            .filter((share) => !share.revoked)
            .sort((a, b) => b.created_at.localeCompare(a.created_at))
        )
        setError(null)
      },
      (failure: unknown) => {
        if (isCurrent && failure instanceof ApiError) setError(failure)
      }
    )
    return () => {
      isCurrent = false
    }
  }, [rest, workflowId, attempt])

  const reload = useCallback(() => setAttempt((count) => count + 1), [])
  useEffect(() => {
    const timer = setInterval(reload, RELOADED_EVERY_MS)
    return () => clearInterval(timer)
  }, [reload])
  const create = useCallback(
    async (terms: ShareTerms) => {
      const share = await rest.createShare({
        workflow_id: workflowId,
        permissions: terms.permissions,
        expires_in_days: terms.expiresInDays,
        max_uses: terms.maxUses
      })
      setShares((known) => [share, ...(known ?? [])])
      // A list that was asked for before does not have it.
      reload()
      return share
    },
    [rest, workflowId, reload]
  )
  const revoke = useCallback(
    async (share: Share) => {
      await rest.revokeShare(shareKey(share))
      setShares((known) => known?.filter((each) => shareKey(each) !== shareKey(share)) ?? null)
      reload()
    },
    [rest, reload]
  )
  return { shares, error, reload, create, revoke }
}
