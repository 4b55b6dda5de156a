/** A page in the place of a canvas: what has ended, what was not saved, and the ways on. */

import { useConnectionStatus } from '@coflow/react'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { Message } from '../app/message'
import { UnsavedDownload } from './unsaved_download'
import { useForgottenCopy } from './use_forgotten_copy'

interface Props {
  title: string
  icon: ReactNode
  children: ReactNode
  mayRetry?: boolean
  /** For who has no right to it any more: this device keeps the workflow until what is unsaved was taken. */
  forgetsCopy?: boolean
  /** What was not saved is a file now. */
  onTaken?: () => void
  /** Instead of the one to the list. */
  way?: ReactNode
}

export function Ended({
  title,
  icon,
  children,
  mayRetry = false,
  forgetsCopy = false,
  onTaken,
  way
}: Props) {
  const { retry } = useConnectionStatus()
  const forget = useForgottenCopy(forgetsCopy)
  return (
    <Message
      title={title}
      icon={icon}
      actions={
        <>
          <UnsavedDownload
            onTaken={() => {
              forget()
              onTaken?.()
            }}
          />
          {way ?? (
            <Link className="coflow-button" to="/">
              All workflows
            </Link>
          )}
          {mayRetry && (
            <button type="button" className="coflow-button" onClick={retry}>
              Try again
            </button>
          )}
        </>
      }
    >
      {children}
    </Message>
  )
}
