/** Why a share link let nobody in, and what one can do. */

import type { ApiError } from '@coflow/react'
import { LinkIcon } from 'lucide-react'
import { Message } from '../app/message'

export function LinkFailed({ failure, retry }: { failure: ApiError; retry: () => void }) {
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
