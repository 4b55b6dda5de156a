/** A text of a node that several people can type in at once. */

import { useCallback, useMemo, type RefObject } from 'react'
import type * as Y from 'yjs'
import { nodeTextOf, setNodeText } from '../flow/node_text'
import { useCaret } from './use_caret'
import { useClient } from './use_client'
import { useStore } from './use_store'

export interface NodeTextResult {
  value: string
  /** Writes what differs; the rest stays as others type it. */
  setValue: (next: string) => void
  /** The shared text, for editors with a binding of their own; null for a plain string. */
  ytext: Y.Text | null
  /** For the input or textarea that shows `value`: keeps the caret in place while others type. */
  ref: RefObject<(HTMLTextAreaElement & HTMLInputElement) | null>
}

export function useNodeText(nodeId: string, property: string): NodeTextResult {
  const client = useClient()
  const store = useMemo(() => nodeTextOf(client, nodeId, property), [client, nodeId, property])
  const { value, ytext } = useStore(store)
  const setValue = useCallback(
    (next: string) => setNodeText(client, nodeId, property, next),
    [client, nodeId, property]
  )
  const ref = useCaret(store, value) as NodeTextResult['ref']
  return { value, setValue, ytext, ref }
}
