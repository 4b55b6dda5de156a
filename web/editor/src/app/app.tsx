/** The routes. Each page is a chunk of its own, so that the list does not load the canvas. */

import { Tooltip } from 'radix-ui'
import { lazy, Suspense } from 'react'
import { createBrowserRouter, RouterProvider } from 'react-router'
import { takeFromAddress } from '../identity/identity'
import { Loading } from './loading'
import { Message } from './message'

// Before the first render: the router must never see a token.
takeFromAddress()

const WorkflowsPage = lazy(() => import('../workflows/workflows_page'))
const CanvasPage = lazy(() => import('../canvas/canvas_page'))
const ArrivalPage = lazy(() => import('../share/arrival_page'))

// A router with data, though there is none: it alone lets a page ask before it is left.
const router = createBrowserRouter([
  { path: '/', element: <WorkflowsPage /> },
  { path: '/w/:id', element: <CanvasPage /> },
  { path: '/share/:shareId', element: <ArrivalPage /> },
  {
    path: '*',
    element: (
      <Message title="There is nothing here">
        The address does not belong to a workflow or a share link.
      </Message>
    )
  }
])

export function App() {
  return (
    <Tooltip.Provider delayDuration={400}>
      <Suspense fallback={<Loading />}>
        <RouterProvider router={router} />
      </Suspense>
    </Tooltip.Provider>
  )
}
