/** Tells that somebody else has deleted what one works at: the panel about it goes, and nothing else says why. */

import { useClient } from '@coflow/react'
import { useEffect, useRef, useSyncExternalStore } from 'react'
import { useFlowContext } from '../canvas/flow_context'
import { titleOf } from '../canvas/node_words'
import { useTell } from './notice_context'

interface Selected {
  nodes: readonly { id: string; title: string }[]
  edges: readonly string[]
}

export function useDeletions(): void {
  const tell = useTell()
  const { document } = useClient()
  const doc = useSyncExternalStore(document.subscribe, document.get)
  const { nodes, edges } = useFlowContext()
  const selected = useRef<Selected>({ nodes: [], edges: [] })

  useEffect(() => {
    selected.current = {
      nodes: nodes
        .filter((each) => each.selected)
        .map(({ id, data, type }) => ({ id, title: titleOf(data, type, id) })),
      edges: edges.filter((each) => each.selected).map(({ id }) => id)
    }
  }, [nodes, edges])
  useEffect(() => {
    const [allNodes, allEdges] = [doc.getMap('nodes'), doc.getMap('edges')]
    // Before anything is drawn without it: `selected` still has it.
    const changed = ({ local }: { local: boolean }) => {
      const { nodes, edges } = selected.current
      const goneNodes = nodes.filter(({ id }) => !allNodes.has(id))
      const goneEdges = edges.filter((id) => !allEdges.has(id))
      if (goneNodes.length + goneEdges.length === 0) return
      selected.current = {
        nodes: nodes.filter((each) => !goneNodes.includes(each)),
        edges: edges.filter((each) => !goneEdges.includes(each))
      }
      // This user knows of their own deletions. Of others' the document does not say whose they are.
      if (local) return
      const titles = goneNodes.map(({ title }) => title)
      tell({ kind: 'warning', title: `${wordsOf(titles, goneEdges.length)} deleted elsewhere` })
    }
    doc.on('afterTransaction', changed)
    return () => doc.off('afterTransaction', changed)
  }, [doc, tell])
}

/** The edges at a node go with it, and are not mentioned. */
function wordsOf(titles: readonly string[], edgeCount: number): string {
  const [first] = titles
  if (first === undefined) {
    return edgeCount === 1 ? 'The selected edge was' : 'The selected edges were'
  }
  return titles.length === 1 ? `‘${first}’ was` : `‘${first}’ and ${titles.length - 1} more were`
}
