/** Shows the whole workflow, or the most of it that can be seen at once. */

import { useReactFlow, useStoreApi, type FitViewOptions } from '@xyflow/react'
import { useCallback } from 'react'
import { inSightOf } from './in_sight'

export function useFit(): (options: FitViewOptions) => Promise<boolean> {
  const { fitView } = useReactFlow()
  const store = useStoreApi()
  return useCallback(
    (options) => {
      const { width, height, minZoom, nodeLookup } = store.getState()
      const shown = [...nodeLookup.values()].filter(({ hidden }) => hidden !== true)
      const placed = shown.map(({ id, measured, internals: { positionAbsolute: at } }) => ({
        id,
        x: at.x + (measured.width ?? 0) / 2,
        y: at.y + (measured.height ?? 0) / 2
      }))
      const ids = inSightOf(placed, { width: width / minZoom, height: height / minZoom })
      return fitView({ ...options, nodes: ids.map((id) => ({ id })) })
    },
    [fitView, store]
  )
}
