/** One lock: what it keeps, who holds it, the time left, and what this user may do about it. */
import { LockOpen, Spline, Square, TimerReset, Workflow } from 'lucide-react'
import { useState } from 'react'
import { useClient } from '../hooks/use_client'
import { useLocks } from '../hooks/use_locks'
import { useStore } from '../hooks/use_store'
import type { Lock, Participant, Resource, ResourceType } from '../types'
import { Confirm } from './confirm'
import { errorText } from './error_text'
import { IconButton } from './icon_button'
import { Notice } from './notice'
import { personStyle } from './person_color'
import { resourceName } from './resource_names'
import { timeLeftLabel } from './time_labels'
import { useAccess } from './use_access'
import { useAction } from './use_action'
import { useNow } from './use_now'
import { absentColor } from './use_person_color'

const icons: Record<ResourceType, typeof Square> = {
  node: Square,
  edge: Spline,
  workflow: Workflow
}
const typeNames: Record<ResourceType, string> = { node: 'Node', edge: 'Edge', workflow: 'Workflow' }
const soonMs = 60_000

export interface LockRowProps {
  lock: Lock
  /** Undefined if who holds it is not here now. */
  holder: Participant | undefined
  onReveal: ((resource: Resource) => void) | undefined
}

export function LockRow({ lock, holder, onReveal }: LockRowProps) {
  const client = useClient()
  const doc = useStore(client.document)
  const { userId, canManage } = useAccess()
  const { extend, release, forceRelease } = useLocks()
  const now = useNow('second')
  const action = useAction()
  const [isAsking, setIsAsking] = useState(false)

  const Icon = icons[lock.resourceType]
  const name = resourceName(doc, lock.resourceType, lock.resourceId)
  const isOwn = lock.lockedBy === userId
  const isSoon = lock.expiresAtMs - now < soonMs
  const title = <span className="coflow-lock__name">{name}</span>

  return (
    <article
      className="coflow-lock"
      style={personStyle(holder?.color ?? absentColor)}
      aria-label={`${typeNames[lock.resourceType]} ${name}, locked by ${isOwn ? 'you' : lock.lockedByName}`}
    >
      <span className="coflow-lock__icon" title={typeNames[lock.resourceType]}>
        <Icon aria-hidden />
      </span>
      <div className="coflow-lock__what">
        {onReveal === undefined ? (
          title
        ) : (
          <button
            type="button"
            className="coflow-lock__reveal coflow-focusable"
            onClick={() => onReveal({ type: lock.resourceType, id: lock.resourceId })}
          >
            {title}
          </button>
        )}
        <span className="coflow-lock__line">
          <span className="coflow-lock__dot" aria-hidden />
          <span className="coflow-lock__holder">{isOwn ? 'You' : lock.lockedByName}</span>
          <span aria-hidden>·</span>
          <span className="coflow-lock__time" data-soon={isSoon || undefined}>
            {timeLeftLabel(lock.expiresAtMs, now)}
          </span>
        </span>
        {lock.reason !== null && lock.reason !== '' && (
          <span className="coflow-lock__reason">{lock.reason}</span>
        )}
      </div>
      <div className="coflow-lock__actions">
        {isOwn && (
          <>
            <IconButton
              isSmall
              label="Extend to 30 minutes"
              icon={<TimerReset aria-hidden />}
              disabled={action.isBusy}
              onClick={() => void action.run(() => extend(lock))}
            />
            <IconButton
              isSmall
              label="Release"
              icon={<LockOpen aria-hidden />}
              disabled={action.isBusy}
              onClick={() => void action.run(() => release(lock))}
            />
          </>
        )}
        {!isOwn && canManage && (
          <IconButton
            isSmall
            label={`Release ${lock.lockedByName}’s lock`}
            icon={<LockOpen aria-hidden />}
            disabled={action.isBusy}
            onClick={() => setIsAsking(true)}
          />
        )}
      </div>
      {action.error !== null && (
        <div className="coflow-lock__error">
          <Notice kind="danger" onDismiss={action.dismiss}>
            {errorText(action.error)}
          </Notice>
        </div>
      )}
      <Confirm
        open={isAsking}
        onOpenChange={setIsAsking}
        title={`Release ${lock.lockedByName}’s lock?`}
        text={`${lock.lockedByName} may be in the middle of work on “${name}”. It can be edited by everybody at once, and the audit will show that you did this.`}
        action="Release the lock"
        onConfirm={() => void action.run(() => forceRelease(lock))}
      />
    </article>
  )
}
