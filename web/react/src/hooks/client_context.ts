/** The client of the surrounding provider. */

import { createContext } from 'react'
import type { CoflowClient } from '../client/coflow_client'

export const ClientContext = createContext<CoflowClient | null>(null)
