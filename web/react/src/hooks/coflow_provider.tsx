/** Connects a workflow for everything below it. */

import type { ReactElement, ReactNode } from 'react'
import type { CoflowOptions } from '../client/coflow_client'
import { ClientContext } from './client_context'
import { useHeldClient } from './use_held_client'

export interface CoflowProviderProps extends Omit<CoflowOptions, 'WebSocketPolyfill'> {
  children?: ReactNode
}

export function CoflowProvider({
  children,
  offline = true,
  ...options
}: CoflowProviderProps): ReactElement {
  const client = useHeldClient({ ...options, offline })
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>
}
