import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { WorkflowBuilder } from './workflow_builder'

const asked = new URLSearchParams(window.location.search)

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <WorkflowBuilder
      workflowId={asked.get('workflow') ?? 'demo'}
      workflowName="Onboarding"
      currentUserId={asked.get('user') ?? 'ann'}
    />
  </StrictMode>
)
