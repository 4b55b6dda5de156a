/** One line that says what went wrong, or what to know, where it happened. */
import { CircleAlert, X } from 'lucide-react'
import type { ReactNode } from 'react'
import '../styles/controls.css'

export interface NoticeProps {
  kind: 'danger' | 'warning' | 'neutral'
  children: ReactNode
  icon?: ReactNode
  onDismiss?: (() => void) | undefined
}

export function Notice({ kind, children, icon, onDismiss }: NoticeProps) {
  return (
    <div
      className={`coflow-notice coflow-notice--${kind}`}
      role={kind === 'danger' ? 'alert' : 'status'}
    >
      {icon ?? <CircleAlert aria-hidden />}
      <div className="coflow-notice__text">{children}</div>
      {onDismiss !== undefined && (
        <button
          type="button"
          className="coflow-icon-button"
          aria-label="Dismiss"
          onClick={onDismiss}
        >
          <X aria-hidden />
        </button>
      )}
    </div>
  )
}
