/** Gives a component its client: the provider's, or, outside of one, a client shared by all who name the workflow. */
import type { ReactNode } from 'react'
import { ClientContext } from '../hooks/client_context'
import { useSharedClient } from '../hooks/use_shared_client'
import type { TokenSource } from '../types'

export interface ScopeProps {
  workflowId: string
  /** In dev mode who this is. With tokens the server knows. */
  currentUserId?: string | undefined
  /** For a server in jwt mode, outside of a provider; a function is asked again when the last has expired. */
  token?: TokenSource | undefined
  /** The page's origin when left out; outside of a provider. */
  serverUrl?: string | undefined
}

/** Of what is mostly used inside of a provider: there it can do without. */
export type OptionalScopeProps = { [Name in keyof ScopeProps]?: ScopeProps[Name] | undefined }

/** The props of a component that are its scope's, and the others. */
export function splitProps<Props extends OptionalScopeProps>(props: Props) {
  const { workflowId, currentUserId, token, serverUrl, ...rest } = props
  return { scope: { workflowId, currentUserId, token, serverUrl }, rest }
}

export function Scope({ workflowId, ...rest }: OptionalScopeProps & { children: ReactNode }) {
  if (workflowId === undefined) return rest.children
  return <SharedScope workflowId={workflowId} {...rest} />
}

function SharedScope(props: ScopeProps & { children: ReactNode }) {
  const { workflowId, currentUserId, token, serverUrl, children } = props
  const client = useSharedClient({ workflowId, userId: currentUserId, token, serverUrl })
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>
}
