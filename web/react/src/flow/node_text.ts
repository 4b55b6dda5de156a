/** One text of one node, as a store: a Y.Text or a plain string, whichever the document holds. */

import * as Y from 'yjs'
import type { CoflowClient } from '../client/coflow_client'
import type { Store } from '../client/store'
import { flowOf } from './flow_binding'
import { NODES, readValue } from './read_graph'

export interface NodeText {
  value: string
  ytext: Y.Text | null
}

const NOTHING: NodeText = { value: '', ytext: null }

/** `property` is a key of the node's `data`, with or without `data.` before it. */
export function nodeTextOf(
  client: CoflowClient,
  nodeId: string,
  property: string
): Store<NodeText> {
  const key = property.replace(/^data\./, '')
  let shown = NOTHING
  const get = (): NodeText => {
    const node: unknown = client.doc.getMap(NODES).get(nodeId)
    const data: unknown = node instanceof Y.Map ? node.get('data') : undefined
    const held: unknown = data instanceof Y.Map ? data.get(key) : undefined
    const read = readValue(held)
    const value = typeof read === 'string' ? read : read == null ? '' : JSON.stringify(read)
    const ytext = held instanceof Y.Text ? held : null
    if (shown.value !== value || shown.ytext !== ytext) shown = { value, ytext }
    return shown
  }
  return {
    get,
    subscribe: (listener) => {
      const observer = (events: Y.YEvent<Y.Map<unknown>>[]) => {
        const isOurs = events.some(({ path, keys }) =>
          path.length === 0 ? keys.has(nodeId) : path[0] === nodeId
        )
        if (isOurs) listener()
      }
      let nodes = client.doc.getMap(NODES)
      const follow = () => nodes.observeDeep(observer as Parameters<typeof nodes.observeDeep>[0])
      const leave = () => nodes.unobserveDeep(observer as Parameters<typeof nodes.observeDeep>[0])
      follow()
      const stop = client.document.subscribe(() => {
        leave()
        nodes = client.doc.getMap(NODES)
        follow()
        listener()
      })
      return () => {
        stop()
        leave()
      }
    }
  }
}

export function setNodeText(
  client: CoflowClient,
  nodeId: string,
  property: string,
  next: string
): void {
  flowOf(client).updateNodeData(nodeId, { [property.replace(/^data\./, '')]: next })
}
