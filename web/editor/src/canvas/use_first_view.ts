/** Shows the whole workflow once, as soon as its nodes and the canvas have their sizes. */

import { useNodesInitialized, useStore } from '@xyflow/react'
import { useEffect, useState } from 'react'
import { useCanvasState } from './canvas_state'
import { useFit } from './use_fit'

/** True once the view is set: what is drawn before that would jump. */
export function useFirstView(): boolean {
  const fit = useFit()
  const { followed } = useCanvasState()
  const areSized = useNodesInitialized()
  const isEmpty = useStore(({ nodes }) => nodes.length === 0)
  const isOpen = useStore(({ width, height }) => width > 0 && height > 0)
  const [isSet, setSet] = useState(false)

  useEffect(() => {
    if (isSet || !isOpen || (!areSized && !isEmpty)) return
    // Not into a view that somebody else leads. The first step on an empty canvas stays where it
    // was put.
    const isFitted = followed === null && !isEmpty
    void Promise.resolve(isFitted && fit({ padding: 0.16, maxZoom: 1 })).then(() => setSet(true))
  }, [isSet, areSized, isOpen, isEmpty, followed, fit])

  return isSet
}
