/** What is selected, to be read and changed: a node's name, its kind, its texts, and its lock. */

import type { Node } from '@xyflow/react'
import { Spline } from 'lucide-react'
import { useState } from 'react'
import { IconButton } from '../app/icon_button'
import { useCanvasState } from '../canvas/canvas_state'
import { useFlowContext } from '../canvas/flow_context'
import {
  isNote,
  kindOf,
  nameKeyOf,
  noteKeyOf,
  settingsOf,
  titleOf,
  wordsOfKey
} from '../canvas/node_words'
import { useRights } from '../canvas/use_rights'
import { DataView } from './data_view'
import { fieldsOf, isLongText } from './node_fields'
import { LockControl } from './lock_control'
import { SelectionButtons } from './selection_buttons'
import { TextArea, TextInput } from './text_field'
import { TypeField } from './type_field'

export function NodeInspector({ nodeId }: { nodeId: string }) {
  const { nodes, isLockedByOther } = useFlowContext()
  const { canEdit } = useRights()
  const { setConnecting } = useCanvasState()
  const node = nodes.find(({ id }) => id === nodeId)
  if (node === undefined) return null

  const { data, type } = node
  const title = titleOf(data, type, nodeId)
  const isEditable = canEdit && isLockedByOther('node', nodeId) === null && node.deletable !== false
  return (
    <section className="coflow-card ed-inspector" aria-label={title}>
      <header className="coflow-card__head">
        <h2 className="coflow-card__title ed-inspector__title">{title}</h2>
        {isEditable && (
          <>
            {node.connectable !== false && !isNote(type, data) && (
              <IconButton label="Connect to…" onClick={() => setConnecting(nodeId)}>
                <Spline />
              </IconButton>
            )}
            <SelectionButtons canDuplicate />
          </>
        )}
      </header>
      <div className="ed-inspector__body">
        <LockControl type="node" id={nodeId} />
        <Fields node={node} isEditable={isEditable} />
      </div>
    </section>
  )
}

function Fields({ node, isEditable }: { node: Node; isEditable: boolean }) {
  const { id: nodeId, data, type } = node
  const noteKey = isNote(type, data) ? noteKeyOf(data) : null
  // Who empties a name goes on typing in the same one.
  const [nameKey] = useState(() => noteKey ?? nameKeyOf(data))
  const { texts, rest } = fieldsOf(data, nameKey)
  const kind = kindOf(data, type)
  const shared = { nodeId, isEditable }

  return (
    <>
      {noteKey === null ? (
        <TextInput {...shared} property={[nameKey]} label="Name" />
      ) : (
        <TextArea {...shared} property={[nameKey]} label="Text" isLong />
      )}
      <TypeField {...shared} type={type ?? ''} />
      {type !== undefined && kind !== type && kind !== '' && (
        <div className="coflow-field">
          <span className="coflow-label">Kind</span>
          <span className="ed-inspector__value">{kind}</span>
        </div>
      )}
      {texts.map(({ key, isLong }) => (
        <TextArea {...shared} key={key} property={[key]} label={wordsOfKey(key)} isLong={isLong} />
      ))}
      {settingsOf(data).map(({ group, key, row }) => (
        <TextArea
          {...shared}
          key={`${group} ${key}`}
          property={[group, key]}
          label={row.label}
          isLong={isLongText(key, row.value)}
        />
      ))}
      <DataView label="Other data" value={rest} />
    </>
  )
}

export function ManyInspector(props: { nodeCount: number; edgeCount: number }) {
  const { canEdit } = useRights()
  const counts = [
    props.nodeCount > 0 && `${props.nodeCount} ${props.nodeCount === 1 ? 'node' : 'nodes'}`,
    props.edgeCount > 0 && `${props.edgeCount} ${props.edgeCount === 1 ? 'edge' : 'edges'}`
  ].filter((each) => each !== false)

  return (
    <section className="coflow-card ed-inspector" aria-label="Selection">
      <header className="coflow-card__head">
        <h2 className="coflow-card__title">{counts.join(' and ')} selected</h2>
        {canEdit && <SelectionButtons canDuplicate={props.nodeCount > 0} />}
      </header>
    </section>
  )
}
