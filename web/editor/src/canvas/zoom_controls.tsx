/** Bottom left: how far one is away, the way to see everything, the map, and the list of keys. */

import { useReactFlow, useStore } from '@xyflow/react'
import { Keyboard, Map as MapIcon, Maximize, Minus, Plus } from 'lucide-react'
import { IconButton } from '../app/icon_button'
import { useCanvasState } from './canvas_state'
import { useFit } from './use_fit'

const DURATION_MS = window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200

export function ZoomControls() {
  const { zoomIn, zoomOut, zoomTo } = useReactFlow()
  const fit = useFit()
  const percent = useStore(({ transform }) => Math.round(transform[2] * 100))
  const { isMapShown, setMapShown, setHelpShown } = useCanvasState()
  const options = { duration: DURATION_MS }

  return (
    <div className="ed-island ed-zoom" role="toolbar" aria-label="View">
      <IconButton label="Zoom out" side="top" onClick={() => void zoomOut(options)}>
        <Minus />
      </IconButton>
      <button
        type="button"
        className="coflow-button coflow-button--quiet ed-zoom__percent"
        title="Zoom to 100 %"
        onClick={() => void zoomTo(1, options)}
      >
        {percent} %
      </button>
      <IconButton label="Zoom in" side="top" onClick={() => void zoomIn(options)}>
        <Plus />
      </IconButton>
      <span className="ed-divider" />
      <IconButton
        label="Show everything"
        side="top"
        onClick={() => void fit({ ...options, padding: 0.2, maxZoom: 1 })}
      >
        <Maximize />
      </IconButton>
      <IconButton
        label={isMapShown ? 'Hide the map' : 'Show the map'}
        side="top"
        aria-pressed={isMapShown}
        onClick={() => setMapShown(!isMapShown)}
      >
        <MapIcon />
      </IconButton>
      <IconButton label="Keys" shortcut="?" side="top" onClick={() => setHelpShown(true)}>
        <Keyboard />
      </IconButton>
    </div>
  )
}
