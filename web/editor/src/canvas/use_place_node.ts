/** Puts a new node on the canvas, around a point, and selects it. */

import { useClient, type Point } from '@coflow/react'
import { useCallback } from 'react'
import { useFlowContext } from './flow_context'
import { newId } from './new_id'
import { useSelect } from './use_select'

const WIDTH = 200
const HEIGHT = 56
const GRID = 8

export function usePlaceNode(): (around: Point) => void {
  const { addNode } = useFlowContext()
  const client = useClient()
  const select = useSelect()

  return useCallback(
    (around: Point) => {
      const id = newId('node')
      client.history.beginStep()
      addNode({
        id,
        type: 'step',
        position: { x: onGrid(around.x - WIDTH / 2), y: onGrid(around.y - HEIGHT / 2) },
        data: { label: 'New step' }
      })
      select([id])
    },
    [addNode, client, select]
  )
}

function onGrid(value: number): number {
  return Math.round(value / GRID) * GRID
}
