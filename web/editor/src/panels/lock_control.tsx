/** Whether what is selected is locked, by whom, and the button that changes it. */

import { ApiError, useClient, useLocks, useOthers, type ResourceType } from '@coflow/react'
import { Lock, LockOpen } from 'lucide-react'
import { useRights } from '../canvas/use_rights'
import { useState, type CSSProperties } from 'react'

export function LockControl({ type, id }: { type: ResourceType; id: string }) {
  const client = useClient()
  const { mayEdit } = useRights()
  const { lockOf, acquire, release } = useLocks()
  const others = useOthers()
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const lock = lockOf(type, id)

  const attempt = async (task: () => Promise<unknown>) => {
    setBusy(true)
    setProblem(null)
    try {
      await task()
    } catch (error) {
      setProblem(error instanceof ApiError ? error.detail : String(error))
    } finally {
      setBusy(false)
    }
  }

  if (lock === null && !mayEdit) return null
  const isOwn = lock?.lockedBy === client.userId
  const color = others.find(({ userId }) => userId === lock?.lockedBy)?.color
  return (
    <div
      className="ed-lock"
      data-locked={lock !== null || undefined}
      style={color === undefined ? undefined : ({ '--ed-person': color } as CSSProperties)}
    >
      {lock === null ? (
        <LockOpen size={16} strokeWidth={1.75} aria-hidden="true" />
      ) : (
        <Lock size={16} strokeWidth={1.75} aria-hidden="true" />
      )}
      <span className="ed-lock__words">
        {lock === null ? 'Not locked' : isOwn ? 'Locked by you' : `Locked by ${lock.lockedByName}`}
        {lock?.reason != null && lock.reason !== '' && <small>{lock.reason}</small>}
        {problem !== null && (
          <small className="ed-error" role="alert">
            {problem}
          </small>
        )}
      </span>
      {lock === null && (
        <button
          type="button"
          className="coflow-button coflow-button--small"
          disabled={isBusy}
          onClick={() => void attempt(() => acquire(type, id))}
        >
          Lock
        </button>
      )}
      {lock !== null && isOwn && (
        <button
          type="button"
          className="coflow-button coflow-button--small"
          disabled={isBusy}
          onClick={() => void attempt(() => release(lock))}
        >
          Unlock
        </button>
      )}
    </div>
  )
}
