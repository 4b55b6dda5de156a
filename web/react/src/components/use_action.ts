/** Something that the server is asked to do: whether it is under way, and what it answered if it refused. */
import { useCallback, useState } from 'react'
import { ApiError } from '../api/rest'

export interface Action {
  isBusy: boolean
  error: ApiError | null
  dismiss: () => void
  /** Resolves to whether it was done; never rejects. */
  run: (task: () => Promise<unknown>) => Promise<boolean>
}

export function useAction(): Action {
  const [isBusy, setIsBusy] = useState(false)
  const [error, setError] = useState<ApiError | null>(null)

  const run = useCallback(async (task: () => Promise<unknown>) => {
    setIsBusy(true)
    setError(null)
    try {
      await task()
      return true
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure
      setError(failure)
      return false
    } finally {
      setIsBusy(false)
    }
  }, [])
  const dismiss = useCallback(() => setError(null), [])
  return { isBusy, error, dismiss, run }
}
