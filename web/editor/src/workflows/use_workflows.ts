/** The workflows that one may view and that fit a search, page by page. */

import { ApiError, type Rest, type Wire } from '@coflow/react'
import { useCallback, useEffect, useState } from 'react'

export type WorkflowSummary = Wire<'WorkflowSummary'>

interface Found {
  search: string
  items: readonly WorkflowSummary[]
  nextCursor: string | null
}

const SEARCH_DELAY_MS = 150

export function useWorkflows(rest: Rest, search: string) {
  const [found, setFound] = useState<Found | null>(null)
  const [failure, setFailure] = useState<ApiError | null>(null)
  const [attempt, setAttempt] = useState(0)
  const [isReadingMore, setReadingMore] = useState(false)
  /** Why the page after the last could not be read. */
  const [moreProblem, setMoreProblem] = useState<string | null>(null)

  useEffect(() => {
    let isCurrent = true
    const read = () => {
      readPage(rest, search, null).then(
        (page) => {
          if (!isCurrent) return
          setFound(page)
          setFailure(null)
          setMoreProblem(null)
        },
        (error: unknown) => isCurrent && setFailure(asApiError(error))
      )
    }
    const timer = setTimeout(read, search === '' ? 0 : SEARCH_DELAY_MS)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [rest, search, attempt])

  const more = useCallback(async () => {
    if (found?.nextCursor == null || isReadingMore) return
    setReadingMore(true)
    setMoreProblem(null)
    try {
      const page = await readPage(rest, found.search, found.nextCursor)
      // Another search may have begun meanwhile.
      setFound((now) => (now === found ? { ...page, items: [...now.items, ...page.items] } : now))
    } catch (error) {
      const failed = asApiError(error)
      // Who has to sign in again has to for the whole list.
      if (failed.status === 401) setFailure(failed)
      else setMoreProblem(failed.detail)
    } finally {
      setReadingMore(false)
    }
  }, [rest, found, isReadingMore])

  const forget = useCallback((id: string) => {
    setFound((now) => now && { ...now, items: now.items.filter((each) => each.id !== id) })
  }, [])

  const reload = useCallback(() => {
    setFailure(null)
    setAttempt((before) => before + 1)
  }, [])

  return {
    items: found?.items ?? null,
    hasMore: found?.nextCursor != null,
    /** What is shown belongs to an earlier search. */
    isStale: found !== null && found.search !== search,
    failure,
    more,
    isReadingMore,
    moreProblem,
    forget,
    reload
  }
}

async function readPage(rest: Rest, search: string, cursor: string | null): Promise<Found> {
  const page = await rest.listWorkflows({
    ...(search === '' ? {} : { q: search }),
    ...(cursor === null ? {} : { cursor })
  })
  return { search, items: page.items, nextCursor: page.next_cursor }
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'unknown', String(error))
}
