import { StrictMode } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { Holders } from './holders'
import { HookProbe } from './hook_probe'
import { LateCanvas } from './late_canvas'
import { RenderedBar } from './rendered_bar'
import { TokenPanels } from './token_panels'
import { UndoBars } from './undo_bars'
import { WorkflowBuilder } from './workflow_builder'

const asked = new URLSearchParams(window.location.search)
const workflowId = asked.get('workflow') ?? 'demo'
const userId = asked.get('user') ?? 'ann'
const serverUrl = asked.get('server') ?? ''
const hash = window.location.hash.slice(1)

function page() {
  switch (asked.get('page')) {
    case 'holders':
      return (
        <Holders
          scope={{
            workflowId,
            ...(serverUrl !== '' && { serverUrl }),
            ...(asked.has('user') && { userId })
          }}
          tokens={hash.split(',').filter((token) => token !== '')}
          keepsCopy={!asked.has('private')}
        />
      )
    case 'tokens':
      return <TokenPanels workflowId={workflowId} serverUrl={serverUrl} token={hash} />
    case 'hooks':
      return <HookProbe workflowId={workflowId} userId={userId} />
    case 'late':
      return <LateCanvas workflowId={workflowId} userId={userId} />
    case 'rendered':
      return <RenderedBar />
    case 'undo':
      return <UndoBars workflowId={workflowId} userId={userId} />
    default:
      return (
        <WorkflowBuilder workflowId={workflowId} workflowName="Onboarding" currentUserId={userId} />
      )
  }
}

const root = document.getElementById('root')!
const app = <StrictMode>{page()}</StrictMode>
if (root.hasChildNodes()) hydrateRoot(root, app)
else createRoot(root).render(app)
