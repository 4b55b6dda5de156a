/** The routes. Each page is a chunk of its own, so that the list does not load the canvas. */

import { RotateCw } from 'lucide-react'
import { Tooltip } from 'radix-ui'
import type { ComponentType } from 'react'
import { createBrowserRouter, RouterProvider } from 'react-router'
import { takeFromAddress } from '../identity/identity'
import { serverInfo } from '../identity/server_info'
import { Loading } from './loading'
import { Message } from './message'

// Before the first render: the router must never see a token.
takeFromAddress()
// While the page's code is on its way. Who waits for the answer hears of a failure too.
serverInfo().catch(() => undefined)

/**
 * By the router and not by Suspense, which shows nothing for 300 ms after its fallback. As a function: of a route's
 * single properties the router tells nobody that they could not be loaded.
 */
function page(load: () => Promise<{ default: ComponentType }>) {
  return async () => ({ Component: (await load()).default })
}

// A router with data, though there is none: it alone lets a page ask before it is left.
const router = createBrowserRouter([
  {
    HydrateFallback: Loading,
    ErrorBoundary: NotLoaded,
    children: [
      { path: '/', lazy: page(() => import('../workflows/workflows_page')) },
      { path: '/w/:id', lazy: page(() => import('../canvas/canvas_page')) },
      { path: '/share/:shareId', lazy: page(() => import('../share/arrival_page')) },
      {
        path: '*',
        element: (
          <Message title="There is nothing here">
            The address does not belong to a workflow or a share link.
          </Message>
        )
      }
    ]
  }
])

export function App() {
  return (
    <Tooltip.Provider delayDuration={400}>
      <RouterProvider router={router} />
    </Tooltip.Provider>
  )
}

/** A part of the editor cannot be had: the network is gone, or the server has a newer one by now. */
function NotLoaded() {
  return (
    <Message
      title="This page could not be loaded"
      icon={<RotateCw size={20} />}
      actions={
        <button type="button" className="coflow-button" onClick={() => window.location.reload()}>
          Load it again
        </button>
      }
    >
      The connection may be gone, or the server may have been updated.
    </Message>
  )
}
