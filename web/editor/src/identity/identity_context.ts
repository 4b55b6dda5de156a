/** By what a page is shown: whose it is, and how its server knows people. */

import { createContext, useContext } from 'react'
import type { Credentials } from './credentials'
import type { ServerInfo } from './server_info'

export interface KnownIdentity {
  credentials: Credentials
  server: ServerInfo
}

export const IdentityContext = createContext<KnownIdentity | null>(null)

export function useIdentity(): KnownIdentity {
  const identity = useContext(IdentityContext)
  if (identity === null) throw new Error('useIdentity needs an Identified around it')
  return identity
}
