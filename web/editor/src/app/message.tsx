/** A page with one thing to say, and the way on from there. */

import { CircleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link } from 'react-router'

interface Props {
  title: string
  icon?: ReactNode
  /** What has happened, and what one can do. */
  children: ReactNode
  /** Instead of the way to the list. */
  actions?: ReactNode
}

export function Message({ title, icon = <CircleAlert size={20} />, children, actions }: Props) {
  return (
    <main className="ed-center">
      <section className="ed-card">
        <span className="ed-card__icon" aria-hidden="true">
          {icon}
        </span>
        <h1>{title}</h1>
        <p>{children}</p>
        <div className="ed-card__actions">
          {actions ?? (
            <Link className="coflow-button" to="/">
              All workflows
            </Link>
          )}
        </div>
      </section>
    </main>
  )
}
