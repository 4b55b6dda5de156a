import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { TokenPanels } from './token_panels'
import { WorkflowBuilder } from './workflow_builder'

const asked = new URLSearchParams(window.location.search)
const workflowId = asked.get('workflow') ?? 'demo'
const serverUrl = asked.get('server')

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    {serverUrl === null ? (
      <WorkflowBuilder
        workflowId={workflowId}
        workflowName="Onboarding"
        currentUserId={asked.get('user') ?? 'ann'}
      />
    ) : (
      <TokenPanels
        workflowId={workflowId}
        serverUrl={serverUrl}
        token={window.location.hash.slice(1)}
      />
    )}
  </StrictMode>
)
