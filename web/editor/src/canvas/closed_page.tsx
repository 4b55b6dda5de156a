/** What is shown when the server has ended the connection for good: what happened, and a way on. */

import { useConnectionStatus, type Closed } from '@coflow/react'
import { Ban, CircleAlert, SearchX, Users } from 'lucide-react'
import { Link, useParams } from 'react-router'
import { Message } from '../app/message'
import { guestOf, setGuest, signOut } from '../identity/identity'
import { SignIn } from '../identity/sign_in'
import { UnsavedDownload } from './unsaved_download'

export function ClosedPage({ closed, authMode }: { closed: Closed; authMode: 'dev' | 'jwt' }) {
  const { id = '' } = useParams()
  const { retry } = useConnectionStatus()
  const back = (
    <>
      <UnsavedDownload />
      <Link className="coflow-button" to="/">
        All workflows
      </Link>
    </>
  )
  const again = (
    <button type="button" className="coflow-button" onClick={retry}>
      Try again
    </button>
  )

  switch (closed.code) {
    case 4401: {
      if (guestOf(id) !== null) {
        return (
          <Message
            title="Your visit has ended"
            icon={<Ban size={20} />}
            actions={
              <button type="button" className="coflow-button" onClick={() => setGuest(id, null)}>
                Sign in instead
              </button>
            }
          >
            The link that let you in has ended. Ask whoever sent it for a new one.
          </Message>
        )
      }
      if (authMode === 'jwt') {
        return <SignIn authMode="jwt" problem="Your token is not valid, or has expired." />
      }
      return (
        <Message
          title="The server does not know you"
          actions={
            <button type="button" className="coflow-button" onClick={signOut}>
              Give a name
            </button>
          }
        >
          {closed.message}
        </Message>
      )
    }
    case 4403:
      return (
        <Message
          title="You have no access to this workflow"
          icon={<Ban size={20} />}
          actions={
            <>
              {back}
              {again}
            </>
          }
        >
          {closed.message}
        </Message>
      )
    case 4404:
      return (
        <Message title="There is no such workflow" icon={<SearchX size={20} />} actions={back}>
          It was deleted, or the address is not complete.
        </Message>
      )
    case 4523:
      return (
        <Message
          title="The workflow is full"
          icon={<Users size={20} />}
          actions={
            <>
              {back}
              {again}
            </>
          }
        >
          As many people are in it as its owner lets in at once. Try again when somebody has left.
        </Message>
      )
    default:
      return (
        <Message
          title="The connection has ended"
          icon={<CircleAlert size={20} />}
          actions={
            <>
              {back}
              {again}
            </>
          }
        >
          {closed.message}
        </Message>
      )
  }
}
