/** The workflow's audit, the newest first, read anew as things happen, and page by page into the past. */

import { ApiError, useClient, type Wire } from '@coflow/react'
import { useCallback, useEffect, useRef, useState } from 'react'

export type AuditItem = Wire<'AuditItem'>

export interface Audit {
  /** Null until they are there. */
  items: readonly AuditItem[] | null
  hasMore: boolean
  problem: string | null
  more: () => Promise<void>
}

interface Pages {
  items: readonly AuditItem[]
  /** Of the page after the last that was read. */
  cursor: string | null
}

const PAGE = 50
/** Much may happen at once: it is read together. */
const SETTLED_MS = 300
/** Of links and members no event tells. */
const READ_EVERY_MS = 10_000

export function useAudit(): Audit {
  const client = useClient()
  const { workflowId } = client.options
  const [pages, setPages] = useState<Pages | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const isCurrent = useRef(true)

  const attempt = useCallback(
    async (cursor: string | null, merge: (before: Pages | null, page: Pages) => Pages) => {
      try {
        const read = await client.rest.listAudit(workflowId, {
          limit: PAGE,
          ...(cursor !== null && { cursor })
        })
        if (!isCurrent.current) return
        setPages((before) => merge(before, { items: read.items, cursor: read.next_cursor }))
        setProblem(null)
      } catch (error) {
        if (isCurrent.current) setProblem(error instanceof ApiError ? error.detail : String(error))
      }
    },
    [client, workflowId]
  )

  useEffect(() => {
    isCurrent.current = true
    let waiting: ReturnType<typeof setTimeout> | undefined
    const read = () => void attempt(null, withNewest)
    const readSoon = () => {
      if (waiting !== undefined) return
      waiting = setTimeout(() => {
        waiting = undefined
        read()
      }, SETTLED_MS)
    }
    read()
    const stop = client.subscribeToEvents(({ type }) => {
      // Where somebody points is no action.
      if (type !== 'cursor_update') readSoon()
    })
    const timer = setInterval(read, READ_EVERY_MS)
    return () => {
      isCurrent.current = false
      stop()
      clearInterval(timer)
      clearTimeout(waiting)
    }
  }, [client, attempt])

  const cursor = pages?.cursor ?? null
  const more = useCallback(async () => {
    if (cursor !== null) await attempt(cursor, withOlder)
  }, [attempt, cursor])

  return { items: pages?.items ?? null, hasMore: cursor !== null, problem, more }
}

/** What was read before stays behind what is new. More than a page is new: it begins anew. */
function withNewest(before: Pages | null, newest: Pages): Pages {
  if (before === null) return newest
  const known = new Set(before.items.map(({ audit_id }) => audit_id))
  const added = newest.items.filter(({ audit_id }) => !known.has(audit_id))
  if (added.length === 0) return before
  if (added.length === newest.items.length && before.items.length > 0) return newest
  return { items: [...added, ...before.items], cursor: before.cursor }
}

function withOlder(before: Pages | null, older: Pages): Pages {
  const known = new Set(before?.items.map(({ audit_id }) => audit_id))
  const added = older.items.filter(({ audit_id }) => !known.has(audit_id))
  return { items: [...(before?.items ?? []), ...added], cursor: older.cursor }
}
