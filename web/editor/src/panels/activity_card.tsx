/** Who did what: the audit for those who manage, else what this screen has seen happen. */

import { ApiError, useClient, type Wire } from '@coflow/react'
import { Activity, RotateCw } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useRights } from '../canvas/use_rights'
import { useNoticeLog } from '../notices/notice_context'
import { timeLabel } from '../workflows/time_label'
import { wordsOfAction } from './action_words'

type AuditItem = Wire<'AuditItem'>

const PAGE = 50

export function ActivityCard() {
  const { canManage } = useRights()
  return (
    <section className="coflow-card ed-activity" aria-label="Activity">
      {canManage ? <Audit /> : <Seen />}
    </section>
  )
}

function Audit() {
  const client = useClient()
  const { workflowId } = client.options
  const [items, setItems] = useState<readonly AuditItem[] | null>(null)
  const [cursor, setCursor] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [attempt, setAttempt] = useState(0)

  useEffect(() => {
    let isCurrent = true
    client.rest.listAudit(workflowId, { limit: PAGE }).then(
      (page) => {
        if (!isCurrent) return
        setItems(page.items)
        setCursor(page.next_cursor)
        setProblem(null)
      },
      (error: unknown) =>
        isCurrent && setProblem(error instanceof ApiError ? error.detail : String(error))
    )
    return () => {
      isCurrent = false
    }
  }, [client, workflowId, attempt])

  const more = async () => {
    if (cursor === null) return
    const page = await client.rest.listAudit(workflowId, { limit: PAGE, cursor })
    setItems((before) => [...(before ?? []), ...page.items])
    setCursor(page.next_cursor)
  }

  return (
    <>
      <header className="coflow-card__head">
        <h2 className="coflow-card__title">Activity</h2>
        <button
          type="button"
          className="coflow-icon-button coflow-icon-button--small"
          aria-label="Read again"
          title="Read again"
          onClick={() => setAttempt((before) => before + 1)}
        >
          <RotateCw />
        </button>
      </header>
      {problem !== null && <p className="ed-activity__problem">{problem}</p>}
      <ol className="ed-activity__list">
        {items?.map((item) => (
          <Entry
            key={item.audit_id}
            who={item.user_id === 'system' ? null : item.user_name}
            what={wordsOfAction(item)}
            at={item.timestamp}
          />
        ))}
      </ol>
      {cursor !== null && (
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

function Seen() {
  const log = useNoticeLog()
  return (
    <>
      <header className="coflow-card__head">
        <h2 className="coflow-card__title">Activity</h2>
      </header>
      {log.length === 0 ? (
        <div className="coflow-empty">
          <Activity aria-hidden="true" />
          <strong>Quiet so far</strong>
          What happens while you are here is listed in this place.
        </div>
      ) : (
        <ol className="ed-activity__list">
          {log.map(({ id, title, atMs }) => (
            <Entry key={id} who={null} what={title} at={new Date(atMs).toISOString()} />
          ))}
        </ol>
      )}
    </>
  )
}

function Entry({ who, what, at }: { who: string | null; what: string; at: string }) {
  return (
    <li>
      <span>
        {who !== null && <strong>{who}</strong>} {what}
      </span>
      <time dateTime={at} title={new Date(at).toLocaleString()}>
        {timeLabel(at)}
      </time>
    </li>
  )
}
