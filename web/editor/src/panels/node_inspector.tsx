/** What is selected, to be read and changed: a node's name, its kind, its texts, and its lock. */

import { useClient } from '@coflow/react'
import { Copy, Trash2 } from 'lucide-react'
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
import { useGraphEdits } from '../canvas/use_graph_edits'
import { useRights } from '../canvas/use_rights'
import { DataView } from './data_view'
import { fieldsOf, isLongText } from './node_fields'
import { LockControl } from './lock_control'
import { SettingField } from './setting_field'
import { TextField } from './text_field'
import { TypeField } from './type_field'

export function NodeInspector({ nodeId }: { nodeId: string }) {
  const { nodes, isLockedByOther, updateNodeData } = useFlowContext()
  const { canEdit } = useRights()
  const edits = useGraphEdits()
  const client = useClient()
  const node = nodes.find(({ id }) => id === nodeId)
  if (node === undefined) return null

  const { data, type } = node
  const lock = isLockedByOther('node', nodeId)
  const isEditable = canEdit && lock === null && node.deletable !== false
  const noteKey = isNote(type, data) ? noteKeyOf(data) : null
  const nameKey = noteKey ?? nameKeyOf(data)
  const { texts, rest } = fieldsOf(data, nameKey)

  return (
    <section className="coflow-card ed-inspector" aria-label={titleOf(data, type, nodeId)}>
      <header className="coflow-card__head">
        <h2 className="coflow-card__title ed-inspector__title">{titleOf(data, type, nodeId)}</h2>
        {isEditable && (
          <>
            <button
              type="button"
              className="coflow-icon-button"
              aria-label="Duplicate"
              title="Duplicate"
              onClick={edits.duplicate}
            >
              <Copy />
            </button>
            <button
              type="button"
              className="coflow-icon-button"
              aria-label="Delete"
              title="Delete"
              onClick={edits.remove}
            >
              <Trash2 />
            </button>
          </>
        )}
      </header>
      <div className="ed-inspector__body">
        <LockControl type="node" id={nodeId} />
        <TextField
          nodeId={nodeId}
          property={nameKey}
          label={noteKey === null ? 'Name' : 'Text'}
          isLong={noteKey !== null}
          isEditable={isEditable}
        />
        <TypeField nodeId={nodeId} type={type ?? ''} isEditable={isEditable} />
        {type !== undefined && kindOf(data, type) !== type && kindOf(data, type) !== '' && (
          <div className="coflow-field">
            <span className="coflow-label">Kind</span>
            <span className="ed-inspector__value">{kindOf(data, type)}</span>
          </div>
        )}
        {texts.map(({ key, isLong }) => (
          <TextField
            key={key}
            nodeId={nodeId}
            property={key}
            label={wordsOfKey(key)}
            isLong={isLong}
            isEditable={isEditable}
          />
        ))}
        {settingsOf(data).map(({ group, key, row }) => (
          <SettingField
            key={`${group} ${key}`}
            label={row.label}
            value={row.value}
            isLong={isLongText(key, row.value)}
            isEditable={isEditable}
            onKeep={(value) => {
              client.history.beginStep()
              updateNodeData(nodeId, { [group]: { ...(data[group] as object), [key]: value } })
            }}
          />
        ))}
        <DataView label="Other data" value={rest} />
      </div>
    </section>
  )
}

export function ManyInspector(props: { nodeCount: number; edgeCount: number }) {
  const { canEdit } = useRights()
  const edits = useGraphEdits()
  const counts = [
    props.nodeCount > 0 && `${props.nodeCount} ${props.nodeCount === 1 ? 'node' : 'nodes'}`,
    props.edgeCount > 0 && `${props.edgeCount} ${props.edgeCount === 1 ? 'edge' : 'edges'}`
  ].filter((each) => each !== false)

  return (
    <section className="coflow-card ed-inspector" aria-label="Selection">
      <header className="coflow-card__head">
        <h2 className="coflow-card__title">{counts.join(' and ')} selected</h2>
        {canEdit && (
          <>
            {props.nodeCount > 0 && (
              <button
                type="button"
                className="coflow-icon-button"
                aria-label="Duplicate"
                title="Duplicate"
                onClick={edits.duplicate}
              >
                <Copy />
              </button>
            )}
            <button
              type="button"
              className="coflow-icon-button"
              aria-label="Delete"
              title="Delete"
              onClick={edits.remove}
            >
              <Trash2 />
            </button>
          </>
        )}
      </header>
    </section>
  )
}
