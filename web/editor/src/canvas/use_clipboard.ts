/** Copy, cut and paste of what is selected, by the browser's own clipboard events, which ask no permission. */

import { useEffect, useRef } from 'react'
import { graphFrom } from './graph_clipboard'
import { isTyping } from './is_typing'
import type { useGraphEdits } from './use_graph_edits'

const STEP = 32

export function useClipboard(edits: ReturnType<typeof useGraphEdits>): void {
  /** The text that was pasted last, and how often: each copy lies a little lower than the last. */
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
      const times = pasted.current.text === text ? pasted.current.times + 1 : 1
      pasted.current = { text, times }
      edits.insert(graph, { x: STEP * times, y: STEP * times })
    }
    document.addEventListener('copy', copy)
    document.addEventListener('cut', copy)
    document.addEventListener('paste', paste)
    return () => {
      document.removeEventListener('copy', copy)
      document.removeEventListener('cut', copy)
      document.removeEventListener('paste', paste)
    }
  }, [edits])
}

function isTextSelected(): boolean {
  const selection = window.getSelection()
  return selection !== null && !selection.isCollapsed
}
