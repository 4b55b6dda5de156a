/** Whether all that one did is safe, in a few words that can be relied on. */
import { CircleAlert, CloudCheck, CloudOff, LoaderCircle, Undo2, X } from 'lucide-react'
import { revertedLabel, saveLabel, type Names } from '../client/save_label'
import { useClient } from '../hooks/use_client'
import { useConnectionStatus } from '../hooks/use_connection_status'
import { useStore } from '../hooks/use_store'
import type { ConnectionState } from '../types'
import { resourceName } from './resource_names'
import { Scope, splitProps, type OptionalScopeProps } from './scope'
import { useLingering } from './use_lingering'
import { useSettled } from './use_settled'
import { presentPerson } from './use_people'
import '../styles/controls.css'
import './save_status.css'

export type SaveStatusProps = OptionalScopeProps

export function SaveStatus(props: SaveStatusProps) {
  return (
    <Scope {...splitProps(props).scope}>
      <Status />
    </Scope>
  )
}

const icons = {
  waiting: LoaderCircle,
  saved: CloudCheck,
  offline: CloudOff,
  closed: CircleAlert
}

function kindOf({ status, isLoaded, unsavedChanges }: ConnectionState): keyof typeof icons {
  if (status === 'closed' || status === 'offline') return status
  return status === 'connected' && isLoaded && unsavedChanges === 0 ? 'saved' : 'waiting'
}

/** A save takes a few milliseconds: a label that came and went with each would flicker. */
const savingLingersMs = 600

function Status() {
  const current = useConnectionStatus()
  const { retry, dismissReverted, ...state } = useSettled(
    current,
    !current.isStoring,
    savingLingersMs
  )
  const client = useClient()
  const doc = useStore(client.document)
  const isSaving = useLingering(state.unsavedChanges > 0, savingLingersMs)
  const shown = { ...state, unsavedChanges: Math.max(state.unsavedChanges, isSaving ? 1 : 0) }
  const kind = kindOf(state.status === 'connected' ? shown : state)
  const label = saveLabel({ ...(state.status === 'connected' ? shown : state), reverted: null })
  const Icon = icons[kind]
  const names: Names = {
    resource: ({ type, id }) => resourceName(doc, type, id),
    person: (userId) => presentPerson(client, userId)?.name
  }

  return (
    <div className="coflow-save" data-kind={kind}>
      {/* Saving and saved come all the time: only what is out of the ordinary is read out. */}
      <span
        className="coflow-save__state"
        role={kind === 'offline' || kind === 'closed' ? 'status' : undefined}
      >
        <Icon className={kind === 'waiting' ? 'coflow-spin' : undefined} aria-hidden />
        <span className="coflow-save__label" title={label}>
          {label}
        </span>
      </span>
      {(kind === 'offline' || kind === 'closed') && (
        <button type="button" className="coflow-save__retry coflow-focusable" onClick={retry}>
          Try now
        </button>
      )}
      {state.reverted !== null && (
        <span className="coflow-save__reverted" role="alert">
          <Undo2 aria-hidden />
          <span className="coflow-save__label">{revertedLabel(state.reverted, names)}</span>
          <button
            type="button"
            className="coflow-icon-button"
            aria-label="Dismiss"
            onClick={dismissReverted}
          >
            <X aria-hidden />
          </button>
        </span>
      )}
    </div>
  )
}
