/** Top left: back to the list, the workflow's name, and whether everything is saved. */

import { useClient, SaveStatus, useConnectionStatus } from '@coflow/react'
import { ChevronLeft } from 'lucide-react'
import { Link } from 'react-router'
import { useIdentity } from '../identity/identity_context'
import { useFlowContext } from './flow_context'
import { LeaveButton } from './leave_button'
import { NameField } from './name_field'
import { useRights } from './use_rights'

export function TopLeft() {
  const { meta, setMeta, isLockedByOther } = useFlowContext()
  const { canEdit } = useRights()
  const { isGuest } = useIdentity().credentials
  const { workflowId } = useClient().options
  const { isLoaded } = useConnectionStatus()
  const name = typeof meta.name === 'string' ? meta.name : ''

  return (
    <header className="ed-island ed-top-left">
      {isGuest ? (
        <LeaveButton />
      ) : (
        <Link
          className="coflow-icon-button"
          to="/"
          aria-label="All workflows"
          title="All workflows"
        >
          <ChevronLeft />
        </Link>
      )}
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
