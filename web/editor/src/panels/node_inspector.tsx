/** What is selected, to be read and changed: a node's name, its kind, what it holds, and its lock. */

import { useClient } from '@coflow/react'
import type { Node } from '@xyflow/react'
import { Spline } from 'lucide-react'
import { useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { IconButton } from '../app/icon_button'
import { useAnnounce } from '../canvas/announce_context'
import { focusField, focusNewName } from '../canvas/canvas_focus'
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
import { AddField } from './add_field'
import { DataView } from './data_view'
import { fieldsOf, isLongText, type Field } from './node_fields'
import { LockControl } from './lock_control'
import { SelectionButtons } from './selection_buttons'
import { TextArea, TextInput } from './text_field'
import { TypeField } from './type_field'
import { NumberField, SwitchField } from './value_fields'

export function NodeInspector({ nodeId }: { nodeId: string }) {
  const { nodes, isLockedByOther } = useFlowContext()
  const { canEdit } = useRights()
  const { setConnecting, unnamed, setUnnamed } = useCanvasState()
  const isUnnamed = unnamed === nodeId
  // Before the next key comes: whoever has put a step here types its name.
  useLayoutEffect(() => {
    if (!isUnnamed) return
    focusNewName()
    setUnnamed(null)
  }, [isUnnamed, setUnnamed])
  const node = nodes.find(({ id }) => id === nodeId)
  if (node === undefined) return null

  const { data, type } = node
  const title = titleOf(data, type, nodeId)
  const isEditable = canEdit && isLockedByOther('node', nodeId) === null && node.deletable !== false
  return (
    <section className="coflow-card ed-inspector" aria-label={title}>
      <header className="coflow-card__head">
        <h2 className="coflow-card__title ed-inspector__title" dir="auto">
          {title}
        </h2>
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
  const { fields, rest } = fieldsOf(data, nameKey)
  const kind = kindOf(data, type)
  const shared = { nodeId, isEditable }
  const added = useRef<string | null>(null)
  useLayoutEffect(() => {
    if (added.current === null || !(added.current in data)) return
    focusField(added.current)
    added.current = null
  }, [data])
  const addButton = useRef<HTMLButtonElement>(null)
  const remove = useRemove(nodeId, addButton)

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
      {fields.map((field) => (
        <DataField
          {...shared}
          key={field.key}
          field={field}
          value={data[field.key]}
          onRemove={isEditable ? () => remove(field.key) : undefined}
        />
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
      {!isNote(type, data) && (
        <AddField
          {...shared}
          data={data}
          button={addButton}
          onAdded={(key) => (added.current = key)}
        />
      )}
      <DataView label="Other data" value={rest} />
    </>
  )
}

interface DataFieldProps {
  nodeId: string
  isEditable: boolean
  field: Field
  value: unknown
  onRemove: (() => void) | undefined
}

function DataField({ field, value, ...shared }: DataFieldProps) {
  const { key, isLong } = field
  const label = wordsOfKey(key)
  if (typeof value === 'number') {
    return <NumberField {...shared} dataKey={key} label={label} value={value} />
  }
  if (typeof value === 'boolean') {
    return <SwitchField {...shared} dataKey={key} label={label} value={value} />
  }
  return <TextArea {...shared} property={[key]} label={label} isLong={isLong} />
}

/** One step of undo; the focus stays in the inspector. */
function useRemove(nodeId: string, next: RefObject<HTMLElement | null>): (key: string) => void {
  const { updateNodeData } = useFlowContext()
  const client = useClient()
  const announce = useAnnounce()
  return (key) => {
    client.history.beginStep()
    updateNodeData(nodeId, { [key]: undefined })
    next.current?.focus()
    announce(`${wordsOfKey(key)} is removed`)
  }
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
