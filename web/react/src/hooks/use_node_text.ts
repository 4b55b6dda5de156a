/** A text of a node that several people can type in at once. */

import { useCallback, useMemo } from 'react'
import type * as Y from 'yjs'
import type { DataProperty } from '../flow/data_path'
import { flowOf } from '../flow/flow_binding'
import { withLineEndsOf } from '../flow/line_ends'
import { nodeTextOf } from '../flow/node_text'
import { useCaret } from './use_caret'
import { useClient } from './use_client'
import { useDataPath } from './use_data_path'
import { useFieldUndo } from './use_field_undo'
import { useStore } from './use_store'

export interface NodeTextResult {
  value: string
  /**
   * Writes what differs; the rest stays as others type it, and lines end as they did, of which a field knows nothing.
   * Nothing if this user may not edit the node.
   */
  setValue: (next: string) => void
  /** The shared text, for editors with a binding of their own; null for a plain string. */
  ytext: Y.Text | null
  /**
   * For the input or textarea that shows `value`: keeps the caret in place while others type, and undoes one's own. Not
   * a RefObject, whose types of React 18 and 19 do not take each other's.
   */
  ref: { current: (HTMLTextAreaElement & HTMLInputElement) | null }
}

export function useNodeText(nodeId: string, property: DataProperty): NodeTextResult {
  const client = useClient()
  const path = useDataPath(property)
  const store = useMemo(() => nodeTextOf(client, nodeId, path), [client, nodeId, path])
  const { value, ytext } = useStore(store)
  const setValue = useCallback(
    (next: string) =>
      flowOf(client).setNodeText(nodeId, path, withLineEndsOf(store.get().value, next)),
    [client, nodeId, path, store]
  )
  const ref = useCaret(store, value) as NodeTextResult['ref']
  useFieldUndo(ref)
  return { value, setValue, ytext, ref }
}
