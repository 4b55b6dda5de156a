/** What a key is about, and giving the focus to a node, an edge, or the inspector's fields. */

import type { Selection } from './flow_context'

export interface Subject {
  type: 'node' | 'edge'
  id: string
}

const ELEMENTS = '.react-flow__node, .react-flow__edge'

/** The node or edge that has the focus, else the only one that is selected. */
export function subjectOf({ nodeIds, edgeIds }: Selection): Subject | null {
  const focused = document.activeElement?.closest(ELEMENTS)
  const id = focused?.getAttribute('data-id')
  if (focused != null && id != null) {
    return { type: focused.matches('.react-flow__node') ? 'node' : 'edge', id }
  }
  if (nodeIds.length + edgeIds.length !== 1) return null
  const [nodeId] = nodeIds
  const [edgeId = ''] = edgeIds
  return nodeId === undefined ? { type: 'edge', id: edgeId } : { type: 'node', id: nodeId }
}

export function focusSubject({ type, id }: Subject): void {
  const found = document.querySelector(`.react-flow__${type}[data-id="${CSS.escape(id)}"]`)
  if (found instanceof HTMLElement || found instanceof SVGElement) found.focus()
}

/** The node or edge itself has the focus, nothing in it, and it is selected. */
export function isSelectedSubject(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches(ELEMENTS) && target.matches('.selected')
}

/** Its first field, or, where there is none, what else can be used in it. */
export function focusInspector(): void {
  const inspector = document.querySelector('.ed-panel .ed-inspector')
  const found =
    inspector?.querySelector<HTMLElement>('input, textarea') ??
    inspector?.querySelector<HTMLElement>('button, summary')
  found?.focus()
}

/** The name of a new step, to be typed over. */
export function focusNewName(): void {
  focusInspector()
  const { activeElement } = document
  if (activeElement instanceof HTMLInputElement) activeElement.select()
}

/** What is typed or switched under a key of a node's data. */
export function focusField(key: string): void {
  const field = document.querySelector(`.ed-inspector [data-key="${CSS.escape(key)}"]`)
  field?.querySelector<HTMLElement>('input, textarea, [role=switch]')?.focus()
}

/** Where arrows are the canvas's: not in a panel, which scrolls by them. */
export function isOnCanvas(target: EventTarget | null): boolean {
  return (
    target === document.body || (target instanceof Element && target.closest('.ed-flow') !== null)
  )
}
