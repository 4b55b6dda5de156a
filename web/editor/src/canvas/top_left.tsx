/** Top left: back to the list, the workflow's name, and whether everything is saved. */

import { useClient, SaveStatus, useConnectionStatus } from '@coflow/react'
import { ChevronLeft } from 'lucide-react'
import { Link } from 'react-router'
import { useFlowContext } from './flow_context'
import { NameField } from './name_field'
import { useRights } from './use_rights'

export function TopLeft() {
  const { meta, setMeta, isLockedByOther } = useFlowContext()
  const { canEdit } = useRights()
  const { workflowId } = useClient().options
  const { isLoaded } = useConnectionStatus()
  const name = typeof meta.name === 'string' ? meta.name : ''

  return (
    <header className="ed-island ed-top-left">
      <Link className="coflow-icon-button" to="/" aria-label="All workflows" title="All workflows">
        <ChevronLeft />
      </Link>
      {isLoaded ? (
        <NameField
          value={name}
          isEditable={canEdit && isLockedByOther('workflow', workflowId) === null}
          onChange={(next) => setMeta('name', next)}
        />
      ) : (
        <span className="coflow-skeleton ed-name-skeleton" />
      )}
      <span className="ed-top-left__status">
        <SaveStatus />
      </span>
    </header>
  )
}
