/** Shows notices at the bottom, a few at a time. */

import './notices.css'
import { X } from 'lucide-react'
import { useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react'
import { NoticeContext } from './notice_context'
import { NoticeStore, type Notice } from './notice_store'

const DURATION_MS = 5_000
const DURATION_WITH_ACTION_MS = 10_000

export function NoticeProvider({ children }: { children: ReactNode }) {
  const [store] = useState(() => new NoticeStore())
  return (
    <NoticeContext value={store}>
      {children}
      <Notices />
    </NoticeContext>
  )
}

// Not Radix's toasts: these take Esc from the dialog or panel that somebody wants to close.
function Notices() {
  const store = useContext(NoticeContext)
  const notices = useSyncExternalStore(store.subscribe, store.shown)
  return (
    <section className="ed-notices" aria-label="Notices" aria-live="polite">
      {notices.map((notice) => (
        <NoticeView key={notice.id} notice={notice} onClose={store.close} />
      ))}
    </section>
  )
}

interface Props {
  notice: Notice
  onClose: (id: number) => void
}

function NoticeView({ notice, onClose }: Props) {
  const { id, title, text, kind, action, isLasting } = notice
  // Nothing goes while it is read or reached for.
  const [isHeld, setHeld] = useState(false)
  const durationMs = action === undefined ? DURATION_MS : DURATION_WITH_ACTION_MS

  useEffect(() => {
    if (isHeld || isLasting) return
    const timer = setTimeout(() => onClose(id), durationMs)
    return () => clearTimeout(timer)
  }, [isHeld, isLasting, durationMs, id, onClose])

  return (
    <div
      className="ed-notice"
      data-kind={kind}
      role={kind === 'warning' ? 'alert' : undefined}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <div className="ed-notice__words">
        <div className="ed-notice__title">{title}</div>
        {text !== undefined && <div className="ed-notice__text">{text}</div>}
      </div>
      {action !== undefined && (
        <button
          type="button"
          className="ed-notice__action"
          onClick={() => {
            action.run()
            onClose(id)
          }}
        >
          {action.label}
        </button>
      )}
      <button
        type="button"
        className="ed-notice__close"
        aria-label="Close"
        onClick={() => onClose(id)}
      >
        <X size={14} aria-hidden="true" />
      </button>
    </div>
  )
}
