/** Gives a component its client: the provider's, or, outside of one, a client shared by all who name the workflow. */
import type { ReactNode } from 'react'
import { ClientContext } from '../hooks/client_context'
import { useSharedClient } from '../hooks/use_shared_client'

export interface ScopeProps {
  workflowId: string
  /** In dev mode who this is. With tokens the server knows. */
  currentUserId?: string | undefined
}

/** Of what is mostly used inside of a provider: there it can do without. */
export type OptionalScopeProps = Partial<Record<keyof ScopeProps, string | undefined>>

export function Scope({ workflowId, ...rest }: OptionalScopeProps & { children: ReactNode }) {
  if (workflowId === undefined) return rest.children
  return <SharedScope workflowId={workflowId} {...rest} />
}

function SharedScope(props: ScopeProps & { children: ReactNode }) {
  const { workflowId, currentUserId, children } = props
  const client = useSharedClient({ workflowId, userId: currentUserId })
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>
}
