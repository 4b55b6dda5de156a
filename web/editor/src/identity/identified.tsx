/** Shows its children to somebody, and asks first who that is where nobody knows. */

import { CloudOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { Loading } from '../app/loading'
import { Message } from '../app/message'
import { IdentityContext, type KnownIdentity } from './identity_context'
import { SignIn } from './sign_in'
import { useCredentials } from './use_credentials'

interface Props {
  /** Counts a share link's guest of this workflow as somebody. */
  workflowId?: string
  children: (known: KnownIdentity) => ReactNode
}

export function Identified({ workflowId, children }: Props) {
  const known = useCredentials(workflowId ?? null)
  switch (known.state) {
    case 'asking':
      return <Loading />
    case 'unreachable':
      return (
        <Message
          title="The server cannot be reached"
          icon={<CloudOff size={20} />}
          actions={
            <button type="button" className="coflow-button" onClick={known.retry}>
              Try again
            </button>
          }
        >
          Check your connection. Edits that you made offline are kept on this device.
        </Message>
      )
    case 'unknown':
      return <SignIn authMode={known.server.authMode} />
    case 'known':
      return <IdentityContext value={known}>{children(known)}</IdentityContext>
  }
}
