/** The surrounding provider's client, if it is for this workflow; else one that all such callers share. */

import { useContext } from 'react'
import type { CoflowClient, CoflowOptions } from '../client/coflow_client'
import { ClientContext } from './client_context'
import { useHeldClient } from './use_held_client'

export type SharedClientOptions = Pick<
  CoflowOptions,
  'workflowId' | 'userId' | 'token' | 'serverUrl'
>

export function useSharedClient(options: SharedClientOptions): CoflowClient {
  const around = useContext(ClientContext)
  const isSame = around?.options.workflowId === options.workflowId
  return useHeldClient(options, isSame ? around : null)
}
