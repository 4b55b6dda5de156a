/** Sharing a workflow: by a link for anybody, or by one for each person invited. */
import { Lock, X } from 'lucide-react'
import { Dialog, Tabs } from 'radix-ui'
import { useClient } from '../hooks/use_client'
import { useStore } from '../hooks/use_store'
import { Refusal } from './refusal'
import { Scope, splitProps, type ScopeProps } from './scope'
import { ShareInviteTab } from './share_invite_tab'
import { ShareLinkTab } from './share_link_tab'
import { useAccess } from './use_access'
import { useReturnFocus } from './use_return_focus'
import { useShares } from './use_shares'
import '../styles/controls.css'
import './share_workflow_modal.css'

export interface ShareWorkflowModalProps extends ScopeProps {
  workflowName: string
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function ShareWorkflowModal(props: ShareWorkflowModalProps) {
  const { workflowName, open, onOpenChange } = props
  const returnFocus = useReturnFocus()
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="coflow-overlay" />
        <Dialog.Content
          className="coflow-dialog coflow-share"
          aria-describedby={undefined}
          {...returnFocus}
        >
          <header className="coflow-share__head">
            <Dialog.Title className="coflow-dialog__title">Share “{workflowName}”</Dialog.Title>
            <Dialog.Close className="coflow-icon-button" aria-label="Close">
              <X aria-hidden />
            </Dialog.Close>
          </header>
          <Scope {...splitProps(props).scope}>
            <Body workflowName={workflowName} />
          </Scope>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Body({ workflowName }: { workflowName: string }) {
  const { canShare, role } = useAccess()
  const { status, closed } = useStore(useClient().connection)
  if (status === 'closed' && closed !== null) return <Refusal closed={closed} />
  if (role !== null && !canShare) {
    return (
      <div className="coflow-empty">
        <Lock aria-hidden />
        <strong>You cannot share this workflow</strong>
        Ask somebody who may share it for a link.
      </div>
    )
  }
  return <ShareTabs workflowName={workflowName} />
}

function ShareTabs({ workflowName }: { workflowName: string }) {
  const shares = useShares()
  return (
    <Tabs.Root className="coflow-tabs" defaultValue="link">
      <Tabs.List className="coflow-tabs__list" aria-label="How to share">
        <Tabs.Trigger className="coflow-tabs__tab" value="link">
          Link
        </Tabs.Trigger>
        <Tabs.Trigger className="coflow-tabs__tab" value="invite">
          Invite by e-mail
        </Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content className="coflow-tabs__page" value="link">
        <ShareLinkTab shares={shares} />
      </Tabs.Content>
      <Tabs.Content className="coflow-tabs__page" value="invite">
        <ShareInviteTab shares={shares} workflowName={workflowName} />
      </Tabs.Content>
    </Tabs.Root>
  )
}
