/** Providers that come, go, hide, and stand beside each other, in one page. */

import React, { Fragment, useState, type ComponentType, type ReactNode } from 'react'
import {
  CoflowProvider,
  SaveStatus,
  useFlow,
  useSelf,
  UserPresenceList,
  type CoflowProviderProps
} from '@coflow/react'
import '@coflow/react/styles.css'

/** React 18, with which this application is built too, has none. */
const Activity =
  (Reflect.get(React, 'Activity') as
    ComponentType<{ mode: 'visible' | 'hidden'; children: ReactNode }> | undefined) ?? Fragment

type Scope = Omit<CoflowProviderProps, 'children'>

interface HoldersProps {
  scope: Scope
  /** Of the users who have a provider each; nobody is named otherwise. */
  tokens: string[]
  keepsCopy: boolean
}

export function Holders({ scope, tokens, keepsCopy }: HoldersProps) {
  const [isShown, setShown] = useState(true)
  return (
    <>
      <button onClick={() => setShown(!isShown)}>{isShown ? 'Hide' : 'Show'}</button>
      {tokens.length === 0 && <UserPresenceList {...scope} />}
      <Activity mode={isShown ? 'visible' : 'hidden'}>
        {tokens.length === 0 && (
          <CoflowProvider {...scope} {...(!keepsCopy && { offline: false })}>
            <Work />
          </CoflowProvider>
        )}
        {tokens.map((token) => (
          <CoflowProvider key={token} {...scope} token={() => answer(token)}>
            <Work />
          </CoflowProvider>
        ))}
      </Activity>
    </>
  )
}

/** As where the application's own server cannot be reached either. */
async function answer(token: string): Promise<string> {
  if (localStorage.getItem('unreachable') !== null) throw new Error('Failed to fetch')
  return token
}

function Work() {
  const { self } = useSelf()
  const { nodes, addNode } = useFlow()
  const add = () => addNode({ id: crypto.randomUUID(), position: { x: 0, y: 0 }, data: {} })
  return (
    <section aria-label={`Work of ${self?.userId}`}>
      <SaveStatus />
      <p>{nodes.length} steps</p>
      <button onClick={add}>Add a step</button>
    </section>
  )
}
