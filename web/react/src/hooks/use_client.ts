/** The client of the surrounding CoflowProvider. */

import { useContext } from 'react'
import type { CoflowClient } from '../client/coflow_client'
import { ClientContext } from './client_context'

export function useClient(): CoflowClient {
  const client = useContext(ClientContext)
  if (client === null) throw new Error('This hook needs a <CoflowProvider> around it.')
  return client
}
