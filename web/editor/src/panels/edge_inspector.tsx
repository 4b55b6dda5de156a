/** A selected edge: what it connects, its label, its lock, and what else it holds. */

import { ArrowRight } from 'lucide-react'
import { useFlowContext } from '../canvas/flow_context'
import { useRights } from '../canvas/use_rights'
import { DataView } from './data_view'
import { EdgeLabel } from './edge_label'
import { LockControl } from './lock_control'
import { SelectionButtons } from './selection_buttons'
import { useNames } from './use_names'

export function EdgeInspector({ edgeId }: { edgeId: string }) {
  const { edges } = useFlowContext()
  const { canEdit } = useRights()
  const nameOf = useNames()
  const edge = edges.find(({ id }) => id === edgeId)
  if (edge === undefined) return null
  const isEditable = canEdit && edge.deletable !== false

  return (
    <section className="coflow-card ed-inspector" aria-label="Edge">
      <header className="coflow-card__head">
        <h2 className="coflow-card__title">Edge</h2>
        {isEditable && <SelectionButtons canDuplicate={false} />}
      </header>
      <div className="ed-inspector__body">
        <p className="ed-inspector__ends">
          <span>{nameOf('node', edge.source) ?? edge.source}</span>
          <ArrowRight size={14} aria-label="to" />
          <span>{nameOf('node', edge.target) ?? edge.target}</span>
        </p>
        <LockControl type="edge" id={edgeId} />
        <EdgeLabel edge={edge} isEditable={isEditable} />
        <DataView label="Data" value={edge.data ?? {}} />
      </div>
    </section>
  )
}
