/** One text of one node, as a store: a Y.Text or a plain string, whichever the document holds. */

import * as Y from 'yjs'
import type { CoflowClient } from '../client/coflow_client'
import type { Store } from '../client/store'
import type { DataPath } from './data_path'
import { NODES, readEntry, readValue } from './read_graph'

export interface NodeText {
  value: string
  ytext: Y.Text | null
}

const NOTHING: NodeText = { value: '', ytext: null }

export function nodeTextOf(client: CoflowClient, nodeId: string, path: DataPath): Store<NodeText> {
  let shown = NOTHING
  const get = (): NodeText => {
    const held = ['data', ...path].reduce(readEntry, client.doc.getMap(NODES).get(nodeId))
    const read = readValue(held)
    const value = typeof read === 'string' ? read : read == null ? '' : JSON.stringify(read)
    const ytext = held instanceof Y.Text ? held : null
    if (shown.value !== value || shown.ytext !== ytext) shown = { value, ytext }
    return shown
  }
  return {
    get,
    subscribe: (listener) => {
      let told = get()
      const tell = () => {
        const now = get()
        if (now === told) return
        told = now
        listener()
      }
      const observer = (events: Y.YEvent<Y.Map<unknown>>[]) => {
        const isOurs = events.some(({ path: at, keys }) =>
          at.length === 0 ? keys.has(nodeId) : at[0] === nodeId
        )
        if (isOurs) tell()
      }
      let nodes = client.doc.getMap(NODES)
      const follow = () => nodes.observeDeep(observer as Parameters<typeof nodes.observeDeep>[0])
      const leave = () => nodes.unobserveDeep(observer as Parameters<typeof nodes.observeDeep>[0])
      follow()
      const stop = client.document.subscribe(() => {
        leave()
        nodes = client.doc.getMap(NODES)
        follow()
        tell()
      })
      return () => {
        stop()
        leave()
      }
    }
  }
}
