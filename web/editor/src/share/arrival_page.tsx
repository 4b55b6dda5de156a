/** `/share/{id}`: lets somebody in by a link, after asking for a name where nobody knows one. */

import { ApiError } from '@coflow/react'
import { useEffect, useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { Loading } from '../app/loading'
import { guestBy, guestName, setGuestName } from '../identity/guests'
import { leaveTab } from '../identity/identity'
import { SignIn } from '../identity/sign_in'
import { useCredentials } from '../identity/use_credentials'
import { AskName } from './ask_name'
import { LinkFailed } from './link_failed'
import { redeem } from './redeem'
import { comeByLink } from './visit'

export default function ArrivalPage() {
  const { shareId = '' } = useParams()
  const known = useCredentials(null)
  // Remembered once the server has taken it: one that it refuses would be in the way for good.
  const [givenName, setGivenName] = useState<string | null>(null)
  const [failed, setFailed] = useState<{ attempt: string; failure: ApiError } | null>(null)
  const [retries, setRetries] = useState(0)
  const navigate = useNavigate()

  const me = known.state === 'known' ? known.credentials : null
  const { userId = null, token = null } = me ?? {}
  const name = known.state === 'unknown' ? knownName(shareId, givenName) : null
  const attempt = JSON.stringify([shareId, userId, token, name, retries])
  const failure = failed?.attempt === attempt ? failed.failure : null
  const isReady = me !== null || name !== null

  useEffect(() => {
    if (!isReady) return
    let isCurrent = true
    enter(shareId, { userId, token, name }).then(
      (workflowId) => {
        if (isCurrent) void navigate(`/w/${encodeURIComponent(workflowId)}`, { replace: true })
      },
      (error: unknown) => {
        if (!isCurrent) return
        const told = error instanceof ApiError ? error : new ApiError(0, 'unknown', String(error))
        setFailed({ attempt, failure: told })
      }
    )
    return () => {
      isCurrent = false
    }
  }, [isReady, shareId, userId, token, name, attempt, navigate])

  if (failure?.status === 401 && known.state === 'known') {
    return (
      <SignIn
        authMode={known.server.authMode}
        isRefused
        actions={
          <button type="button" className="coflow-button" onClick={leaveTab}>
            Go on as a guest
          </button>
        }
      />
    )
  }
  if (failure?.status === 422 && name !== null) return <AskName isRefused onName={setGivenName} />
  if (failure !== null) {
    return <LinkFailed failure={failure} retry={() => setRetries(retries + 1)} />
  }
  if (known.state === 'unreachable') {
    return <LinkFailed failure={new ApiError(0, 'unreachable', '')} retry={known.retry} />
  }
  if (known.state === 'unknown' && name === null) return <AskName onName={setGivenName} />
  return <Loading label="Opening the shared workflow" />
}

function knownName(shareId: string, given: string | null): string | null {
  return guestBy(shareId)?.name ?? given ?? guestName()
}

/** Resolves to the workflow that the link leads to. */
async function enter(
  shareId: string,
  { userId, token, name }: Record<'userId' | 'token' | 'name', string | null>
): Promise<string> {
  if (userId === null) {
    const guest = await comeByLink(shareId, name ?? '')
    setGuestName(guest.name)
    return guest.workflowId
  }
  return (await redeem(shareId, token === null ? { userId } : { token })).workflowId
}
