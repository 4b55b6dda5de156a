/** The routes. Each page is a chunk of its own, so that the list does not load the canvas. */

import { Tooltip } from 'radix-ui'
import { lazy, Suspense } from 'react'
import { BrowserRouter, Route, Routes } from 'react-router'
import { takeFromAddress } from '../identity/identity'
import { Loading } from './loading'
import { Message } from './message'

// Before the first render: the router must never see a token.
takeFromAddress()

const WorkflowsPage = lazy(() => import('../workflows/workflows_page'))
const CanvasPage = lazy(() => import('../canvas/canvas_page'))
const ArrivalPage = lazy(() => import('../share/arrival_page'))

export function App() {
  return (
    <Tooltip.Provider delayDuration={400}>
      <BrowserRouter>
        <Suspense fallback={<Loading />}>
          <Routes>
            <Route path="/" element={<WorkflowsPage />} />
            <Route path="/w/:id" element={<CanvasPage />} />
            <Route path="/share/:shareId" element={<ArrivalPage />} />
            <Route
              path="*"
              element={
                <Message title="There is nothing here">
                  The address does not belong to a workflow or a share link.
                </Message>
              }
            />
          </Routes>
        </Suspense>
      </BrowserRouter>
    </Tooltip.Provider>
  )
}
