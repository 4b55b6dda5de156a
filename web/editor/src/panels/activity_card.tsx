/** Who did what: the audit for those who manage, else what this screen has seen happen. */

import { useClient } from '@coflow/react'
import { Activity } from 'lucide-react'
import type { ReactNode } from 'react'
import { useRights } from '../canvas/use_rights'
import { useNoticeLog } from '../notices/notice_context'
import { timeLabel } from '../workflows/time_label'
import { wordsOfAction } from './action_words'
import { useAudit } from './use_audit'
import { useNames } from './use_names'

export function ActivityCard() {
  const { canManage } = useRights()
  return (
    <section className="coflow-card ed-activity" aria-label="Activity">
      <header className="coflow-card__head">
        <h2 className="coflow-card__title">Activity</h2>
      </header>
      {canManage ? <Audit /> : <Seen />}
    </section>
  )
}

function Audit() {
  const { items, hasMore, problem, more } = useAudit()
  const { clock } = useClient().rest
  const nameOf = useNames()
  return (
    <>
      {problem !== null && <p className="ed-activity__problem">{problem}</p>}
      <List>
        {items?.map((item) => (
          <Entry
            key={item.audit_id}
            who={item.user_id === 'system' ? null : item.user_name}
            what={wordsOfAction(item, nameOf)}
            atMs={clock.msOf(item.timestamp)}
          />
        ))}
      </List>
      {hasMore && (
        <button
          type="button"
          className="coflow-button coflow-button--quiet ed-activity__more"
          onClick={() => void more()}
        >
          Show more
        </button>
      )}
    </>
  )
}

/** In reach of the keyboard, which scrolls what has the focus. */
function List({ children }: { children: ReactNode }) {
  return (
    <ol className="ed-activity__list" tabIndex={0} aria-label="What happened">
      {children}
    </ol>
  )
}

function Seen() {
  const log = useNoticeLog()
  if (log.length === 0) {
    return (
      <div className="coflow-empty">
        <Activity aria-hidden="true" />
        <strong>Quiet so far</strong>
        What happens while you are here is listed in this place.
      </div>
    )
  }
  return (
    <List>
      {log.map(({ id, title, atMs }) => (
        <Entry key={id} who={null} what={title} atMs={atMs} />
      ))}
    </List>
  )
}

function Entry({ who, what, atMs }: { who: string | null; what: string; atMs: number }) {
  const at = new Date(atMs)
  return (
    <li>
      <span>
        {who !== null && <strong>{who}</strong>} {what}
      </span>
      <time dateTime={at.toISOString()} title={at.toLocaleString()}>
        {timeLabel(atMs)}
      </time>
    </li>
  )
}
