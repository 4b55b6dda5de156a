/** For a guest whose links let nobody in any more. */

import { useClient } from '@coflow/react'
import { Ban } from 'lucide-react'
import { useState } from 'react'
import { guestLeaves } from '../identity/sign_out'
import { useSignOut } from '../identity/use_sign_out'
import { Ended } from './ended'
import { useNotStored } from './use_not_stored'

export function VisitEnded({ mayRetry = false }: { mayRetry?: boolean }) {
  const { workflowId } = useClient().options
  const { start, dialog } = useSignOut()
  const notStored = useNotStored()
  const [isTaken, setTaken] = useState(false)
  return (
    <>
      <Ended
        title="Your visit has ended"
        icon={<Ban size={20} />}
        mayRetry={mayRetry}
        forgetsCopy
        onTaken={() => setTaken(true)}
        way={
          <button
            type="button"
            className="coflow-button"
            onClick={() => void start(guestLeaves(workflowId), isTaken ? 0 : notStored)}
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
