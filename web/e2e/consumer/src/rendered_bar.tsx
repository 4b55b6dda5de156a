/** What `render.js` renders. */

import { CoflowProvider, UndoButtons } from '@coflow/react'
import '@coflow/react/styles.css'

export function RenderedBar() {
  return (
    <CoflowProvider workflowId="rendered" userId="ann">
      <UndoButtons />
    </CoflowProvider>
  )
}
