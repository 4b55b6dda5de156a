/** `/share/{id}`: lets somebody in by a link, after asking for a name where nobody knows one. */

import { ApiError } from '@coflow/react'
import { LinkIcon } from 'lucide-react'
import { useEffect, useState, type SyntheticEvent } from 'react'
import { useNavigate, useParams } from 'react-router'
import { Loading } from '../app/loading'
import { Message } from '../app/message'
import { setGuest } from '../identity/identity'
import { useCredentials } from '../identity/use_credentials'
import { redeem } from './redeem'

const NAME = 'coflow.guest-name'
const MAX_NAME_CHARS = 64

export default function ArrivalPage() {
  const { shareId = '' } = useParams()
  const known = useCredentials(null)
  const [guestName, setGuestName] = useState(() => localStorage.getItem(NAME))
  const [failure, setFailure] = useState<ApiError | null>(null)
  const [attempt, setAttempt] = useState(0)
  const navigate = useNavigate()

  const me = known.state === 'known' ? known.credentials : null
  const userId = me?.token === null ? me.userId : undefined
  const token = me?.token ?? undefined
  const name = me === null ? guestName : null
  const isReady = me !== null || (known.state === 'unknown' && name !== null)

  useEffect(() => {
    if (!isReady) return
    let isCurrent = true
    redeemOnce(shareId, {
      ...(name === null ? {} : { name }),
      ...(userId === undefined ? {} : { userId }),
      ...(token === undefined ? {} : { token })
    }).then(
      (redeemed) => {
        const { workflowId } = redeemed
        if (redeemed.token !== null) {
          setGuest(workflowId, {
            shareId,
            userId: redeemed.userId,
            name: name ?? 'Guest',
            token: redeemed.token
          })
        }
        if (isCurrent) void navigate(`/w/${encodeURIComponent(workflowId)}`, { replace: true })
      },
      (error: unknown) => {
        if (!isCurrent) return
        setFailure(error instanceof ApiError ? error : new ApiError(0, 'unknown', String(error)))
      }
    )
    return () => {
      isCurrent = false
    }
  }, [isReady, shareId, name, userId, token, attempt, navigate])

  if (failure !== null) {
    const retry = () => {
      setFailure(null)
      setAttempt((before) => before + 1)
    }
    return <Failed failure={failure} retry={retry} />
  }
  if (known.state === 'unreachable') {
    return <Failed failure={new ApiError(0, 'unreachable', '')} retry={known.retry} />
  }
  if (known.state === 'unknown' && guestName === null) {
    const take = (given: string) => {
      localStorage.setItem(NAME, given)
      setGuestName(given)
    }
    return <AskName onName={take} />
  }
  return <Loading label="Opening the shared workflow" />
}

// A link may let in one person only: the second of two renderings must not redeem it again.
const underWay = new Map<string, ReturnType<typeof redeem>>()

function redeemOnce(shareId: string, as: Parameters<typeof redeem>[1]) {
  const running = underWay.get(shareId)
  if (running !== undefined) return running
  const started = redeem(shareId, as)
  underWay.set(shareId, started)
  const forget = () => underWay.delete(shareId)
  started.then(forget, forget)
  return started
}

function AskName({ onName }: { onName: (name: string) => void }) {
  const [text, setText] = useState('')
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (text.trim() !== '') onName(text.trim())
  }
  return (
    <main className="ed-center">
      <section className="ed-card">
        <img className="ed-card__mark" src="/icon.svg" alt="" />
        <h1>You are invited to a workflow</h1>
        <p>Tell the others who has come. No account is needed.</p>
        <form onSubmit={submit}>
          <label className="coflow-field">
            <span className="coflow-label">Your name</span>
            <input
              className="coflow-input"
              name="name"
              autoComplete="name"
              maxLength={MAX_NAME_CHARS}
              autoFocus
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
          <button
            type="submit"
            className="coflow-button coflow-button--primary"
            disabled={text.trim() === ''}
          >
            Open the workflow
          </button>
        </form>
      </section>
    </main>
  )
}

function Failed({ failure, retry }: { failure: ApiError; retry: () => void }) {
  switch (failure.code) {
    case 'share_used_up':
      return (
        <Message title="This link has been used up" icon={<LinkIcon size={20} />}>
          It let in as many people as it was made for. Ask whoever sent it for a new one.
        </Message>
      )
    case 'share_ended':
      return (
        <Message title="This link has ended" icon={<LinkIcon size={20} />}>
          It has expired or was revoked. Ask whoever sent it for a new one.
        </Message>
      )
  }
  if (failure.status === 404) {
    return (
      <Message title="There is no such link" icon={<LinkIcon size={20} />}>
        Perhaps a part of the address was lost on the way. Copy the whole link and try again.
      </Message>
    )
  }
  return (
    <Message
      title="The link could not be opened"
      actions={
        <button type="button" className="coflow-button" onClick={retry}>
          Try again
        </button>
      }
    >
      {failure.status === 0 ? 'The server cannot be reached.' : failure.detail}
    </Message>
  )
}
