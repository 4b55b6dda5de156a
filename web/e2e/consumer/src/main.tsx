import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Holders } from './holders'
import { TokenPanels } from './token_panels'
import { WorkflowBuilder } from './workflow_builder'

const asked = new URLSearchParams(window.location.search)
const workflowId = asked.get('workflow') ?? 'demo'
const serverUrl = asked.get('server')

const userId = asked.get('user')
const hash = window.location.hash.slice(1)

function Page() {
  if (asked.get('page') === 'holders') {
    const scope = {
      workflowId,
      ...(serverUrl !== null && { serverUrl }),
      ...(userId !== null && { userId })
    }
    const tokens = hash.split(',').filter((token) => token !== '')
    return <Holders scope={scope} tokens={tokens} keepsCopy={!asked.has('private')} />
  }
  if (serverUrl !== null) {
    return <TokenPanels workflowId={workflowId} serverUrl={serverUrl} token={hash} />
  }
  return (
    <WorkflowBuilder
      workflowId={workflowId}
      workflowName="Onboarding"
      currentUserId={userId ?? 'ann'}
    />
  )
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Page />
  </StrictMode>
)
