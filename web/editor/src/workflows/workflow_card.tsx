/** One workflow in the list: what it looks like, its name, when it was changed, one's role. */

import type { Rest } from '@coflow/react'
import { DropdownMenu } from 'radix-ui'
import { Ellipsis, ExternalLink, Trash2 } from 'lucide-react'
import { Link } from 'react-router'
import { Thumbnail } from './thumbnail'
import { timeLabel } from './time_label'
import type { WorkflowSummary } from './use_workflows'

interface Props {
  rest: Rest
  workflow: WorkflowSummary
  onDelete: (workflow: WorkflowSummary) => void
}

const roleNames = { owner: 'Owner', editor: 'Editor', commenter: 'Commenter', viewer: 'Viewer' }

export function WorkflowCard({ rest, workflow, onDelete }: Props) {
  const address = `/w/${encodeURIComponent(workflow.id)}`
  const name = workflow.name || 'Untitled'
  return (
    <li className="ed-workflow">
      <Thumbnail rest={rest} workflowId={workflow.id} seq={workflow.seq} />
      <div className="ed-workflow__foot">
        <div className="ed-workflow__words">
          <Link className="ed-workflow__name" to={address} title={name}>
            {name}
          </Link>
          <span className="ed-workflow__when">
            {workflow.role !== null && roleNames[workflow.role]} ·{' '}
            <time
              dateTime={workflow.updated_at}
              title={new Date(workflow.updated_at).toLocaleString()}
            >
              Edited {timeLabel(rest.clock.msOf(workflow.updated_at))}
            </time>
          </span>
        </div>
        <DropdownMenu.Root>
          <DropdownMenu.Trigger
            className="coflow-icon-button ed-workflow__menu"
            aria-label={`More for ${name}`}
          >
            <Ellipsis size={16} />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="coflow-popover coflow-menu" align="end" sideOffset={4}>
              <DropdownMenu.Item className="coflow-menu__item" asChild>
                <a className="ed-plain-link" href={address} target="_blank" rel="noreferrer">
                  <ExternalLink /> Open in a new tab
                </a>
              </DropdownMenu.Item>
              {workflow.role === 'owner' && (
                <DropdownMenu.Item
                  className="coflow-menu__item coflow-menu__item--danger"
                  onSelect={() => onDelete(workflow)}
                >
                  <Trash2 /> Delete…
                </DropdownMenu.Item>
              )}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      </div>
    </li>
  )
}
