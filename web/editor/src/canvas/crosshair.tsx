/** Where Enter puts a step or a comment, for hands that stay on the keys. */

import { useEffect, useState } from 'react'
import { useCanvasState } from './canvas_state'

export function Crosshair() {
  const { tool } = useCanvasState()
  const [isByKeys, setByKeys] = useState(false)

  useEffect(() => {
    const keys = () => setByKeys(true)
    const pointer = () => setByKeys(false)
    window.addEventListener('keydown', keys)
    window.addEventListener('pointermove', pointer)
    window.addEventListener('pointerdown', pointer)
    return () => {
      window.removeEventListener('keydown', keys)
      window.removeEventListener('pointermove', pointer)
      window.removeEventListener('pointerdown', pointer)
    }
  }, [])

  if (!isByKeys || (tool !== 'node' && tool !== 'comment')) return null
  return <div className="ed-crosshair" aria-hidden="true" />
}
