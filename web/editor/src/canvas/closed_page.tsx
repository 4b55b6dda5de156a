/** What is shown when the server has ended the connection for good: what happened, and a way on. */

import type { Closed } from '@coflow/react'
import { Ban, CircleAlert, SearchX, Users } from 'lucide-react'
import { useIdentity } from '../identity/identity_context'
import { SignIn } from '../identity/sign_in'
import { Ended } from './ended'
import { UnsavedDownload } from './unsaved_download'
import { VisitEnded } from './visit_ended'

export function ClosedPage({ closed }: { closed: Closed }) {
  const { credentials, server } = useIdentity()
  switch (closed.code) {
    case 4401:
      if (credentials.isGuest) return <VisitEnded />
      return <SignIn authMode={server.authMode} isRefused actions={<UnsavedDownload />} />
    case 4403:
      if (credentials.isGuest) return <VisitEnded mayRetry />
      return (
        <Ended
          title="You have no access to this workflow"
          icon={<Ban size={20} />}
          mayRetry
          forgetsCopy
        >
          {closed.message}
        </Ended>
      )
    case 4404:
      return (
        <Ended title="There is no such workflow" icon={<SearchX size={20} />} forgetsCopy>
          It was deleted, or the address is not complete.
        </Ended>
      )
    case 4523:
      return (
        <Ended title="The workflow is full" icon={<Users size={20} />} mayRetry>
          As many people are in it as its owner lets in at once. Try again when somebody has left.
        </Ended>
      )
    default:
      return (
        <Ended title="The connection has ended" icon={<CircleAlert size={20} />} mayRetry>
          {closed.message}
        </Ended>
      )
  }
}
