/** Offers what the server never got, where there is no canvas any more to offer it. */

import { graphOf, useClient, useCollaboration, useConnectionStatus } from '@coflow/react'
import { downloadJson } from '../notices/download_json'

export function UnsavedDownload({ onTaken }: { onTaken?: () => void }) {
  const client = useClient()
  const { reset } = useCollaboration()
  const { unsavedChanges } = useConnectionStatus()
  if (reset === null && unsavedChanges === 0) return null
  return (
    <button
      type="button"
      className="coflow-button"
      onClick={() => {
        downloadJson(
          `${client.options.workflowId}-unsaved.json`,
          reset?.unsavedContent ?? graphOf(client.doc)
        )
        onTaken?.()
      }}
    >
      Download what was not saved
    </button>
  )
}
