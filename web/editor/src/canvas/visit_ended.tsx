/** For a guest whose links let nobody in any more. */

import { useClient } from '@coflow/react'
import { Ban } from 'lucide-react'
import { guestLeaves } from '../identity/sign_out'
import { useSignOut } from '../identity/use_sign_out'
import { Ended } from './ended'

export function VisitEnded({ mayRetry = false }: { mayRetry?: boolean }) {
  const { workflowId } = useClient().options
  const { start, dialog } = useSignOut()
  return (
    <>
      <Ended
        title="Your visit has ended"
        icon={<Ban size={20} />}
        mayRetry={mayRetry}
        forgetsCopy
        way={
          <button
            type="button"
            className="coflow-button"
            onClick={() => void start(guestLeaves(workflowId))}
          >
            Sign in instead
          </button>
        }
      >
        The link that let you in has ended. Ask whoever sent it for a new one.
      </Ended>
      {dialog}
    </>
  )
}
