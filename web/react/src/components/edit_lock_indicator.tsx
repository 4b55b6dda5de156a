/** What is locked, by whom, why and for how long; and taking, extending and releasing locks. */
import { LockOpen } from 'lucide-react'
import { AnimatePresence, motion } from 'motion/react'
import { useClient } from '../hooks/use_client'
import { useLocks } from '../hooks/use_locks'
import { useStore } from '../hooks/use_store'
import type { Resource } from '../types'
import { LockRow } from './lock_row'
import { LockTake } from './lock_take'
import { Refusal } from './refusal'
import { Scope, splitProps, type ScopeProps } from './scope'
import { useAccess } from './use_access'
import { useEntrance } from './use_entrance'
import { usePeople } from './use_people'
import '../styles/controls.css'
import './edit_lock_indicator.css'

export interface EditLockIndicatorProps extends ScopeProps {
  /** What else can be locked here beside the selected node and the workflow: an edge, say. */
  target?: Resource | null | undefined
  /** A lock was clicked: show what it is about. */
  onReveal?: ((resource: Resource) => void) | undefined
}

export function EditLockIndicator(props: EditLockIndicatorProps) {
  const { scope, rest } = splitProps(props)
  return (
    <Scope {...scope}>
      <section className="coflow-card coflow-locks" aria-label="Edit locks">
        <Locks {...rest} />
      </section>
    </Scope>
  )
}

type LocksProps = Pick<EditLockIndicatorProps, 'target' | 'onReveal'>

function Locks({ target = null, onReveal }: LocksProps) {
  const client = useClient()
  const { canLock } = useAccess()
  const { locks } = useLocks()
  const people = usePeople()
  const isRead = useStore(client.areLocksRead)
  const { status, closed, isLoaded } = useStore(client.connection)
  const isKnown = isLoaded || isRead
  const refusal = status === 'closed' || !isKnown ? closed : null
  const entrance = useEntrance()

  return (
    <>
      <header className="coflow-card__head">
        <h2 className="coflow-card__title">
          Locks
          {locks.length > 0 && <span className="coflow-card__count">{locks.length}</span>}
        </h2>
        {canLock && status !== 'closed' && <LockTake target={target} />}
      </header>
      {locks.length === 0 && refusal !== null && <Refusal closed={refusal} />}
      {locks.length === 0 && refusal === null && isKnown && (
        <div className="coflow-empty">
          <LockOpen aria-hidden />
          <strong>Nothing is locked</strong>
          {canLock
            ? 'Lock a node to work on it undisturbed.'
            : 'What somebody locks to work on it undisturbed is listed here.'}
        </div>
      )}
      {locks.length === 0 && refusal === null && !isKnown ? (
        <div className="coflow-list" role="status" aria-label="Loading locks">
          <div className="coflow-lock">
            <span className="coflow-skeleton" style={{ width: 32, height: 32 }} />
            <span className="coflow-skeleton" style={{ width: 120, height: 12 }} />
          </div>
        </div>
      ) : (
        <ul className="coflow-list" hidden={locks.length === 0}>
          <AnimatePresence initial={false}>
            {locks.map((lock) => (
              <motion.li key={lock.lockId} {...entrance}>
                <LockRow
                  lock={lock}
                  holder={people.find((person) => person.userId === lock.lockedBy)}
                  onReveal={onReveal}
                />
              </motion.li>
            ))}
          </AnimatePresence>
        </ul>
      )}
    </>
  )
}
