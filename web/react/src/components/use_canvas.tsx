/** The React Flow that a component belongs to: the one around it, or the one in `canvasRef`. */
import {
  useCallback,
  useMemo,
  useRef,
  useSyncExternalStore,
  type ReactNode,
  type RefObject
} from 'react'
import { CanvasWatch, findFlow } from './canvas_watch'

export type CanvasRef = RefObject<HTMLElement | null>

export interface Canvas {
  /** To be rendered: by its place the React Flow around it is found. */
  marker: ReactNode
  /** Null until a React Flow is there. */
  watch: CanvasWatch | null
}

export function useCanvas(canvasRef: CanvasRef | undefined): Canvas {
  const markerRef = useRef<HTMLSpanElement>(null)

  const subscribe = useCallback(
    (listener: () => void) => {
      const marker = markerRef.current
      const around = canvasRef === undefined ? marker?.closest('.react-flow') : null
      // It may be mounted later than what belongs to it, and again with another key; so may what `canvasRef` names.
      const observer = new MutationObserver(listener)
      observer.observe(around ?? marker?.getRootNode() ?? document, {
        childList: true,
        subtree: true
      })
      return () => observer.disconnect()
    },
    [canvasRef]
  )
  const find = useCallback(() => {
    const element = canvasRef?.current ?? markerRef.current
    return element === null ? null : findFlow(element)
  }, [canvasRef])

  const flow = useSyncExternalStore(subscribe, find, () => null)
  const watch = useMemo(() => (flow === null ? null : new CanvasWatch(flow)), [flow])
  return { marker: <span ref={markerRef} hidden />, watch }
}
