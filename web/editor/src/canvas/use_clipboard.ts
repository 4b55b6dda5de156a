/** Copy, cut and paste of what is selected, by the browser's own clipboard events, which ask no permission. */

import { useReactFlow } from '@xyflow/react'
import { useEffect, useRef } from 'react'
import { graphFrom } from './graph_clipboard'
import { isTyping } from './is_typing'
import { pasteOffset } from './paste_place'
import type { useGraphEdits } from './use_graph_edits'

export function useClipboard(edits: ReturnType<typeof useGraphEdits>): void {
  const { getNode, screenToFlowPosition } = useReactFlow()
  /** The text that was pasted last, and how often. */
  const pasted = useRef({ text: '', times: 0 })

  useEffect(() => {
    const copy = (event: ClipboardEvent) => {
      if (isTyping(event.target) || isTextSelected()) return
      const graph = edits.copied()
      if (graph.nodes.length === 0) return
      event.preventDefault()
      event.clipboardData?.setData('text/plain', JSON.stringify(graph, null, 2))
      pasted.current = { text: '', times: 0 }
      if (event.type === 'cut') edits.remove()
    }
    const paste = (event: ClipboardEvent) => {
      if (isTyping(event.target)) return
      const text = event.clipboardData?.getData('text/plain') ?? ''
      const graph = graphFrom(text)
      if (graph === null) return
      event.preventDefault()
      const times = pasted.current.text === text ? pasted.current.times : 0
      pasted.current = { text, times: times + 1 }
      const start = screenToFlowPosition({ x: 0, y: 0 })
      const end = screenToFlowPosition({ x: window.innerWidth, y: window.innerHeight })
      const view = { ...start, width: end.x - start.x, height: end.y - start.y }
      // What was cut comes back to where it was.
      const isBesideOriginal = graph.nodes.some(({ id }) => getNode(id) !== undefined)
      edits.insert(graph, pasteOffset(graph, { view, times, isBesideOriginal }))
    }
    document.addEventListener('copy', copy)
    document.addEventListener('cut', copy)
    document.addEventListener('paste', paste)
    return () => {
      document.removeEventListener('copy', copy)
      document.removeEventListener('cut', copy)
      document.removeEventListener('paste', paste)
    }
  }, [edits, getNode, screenToFlowPosition])
}

function isTextSelected(): boolean {
  const selection = window.getSelection()
  return selection !== null && !selection.isCollapsed
}
