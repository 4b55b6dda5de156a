/** Taking a lock: on what, why, and for how long. */
import { LoaderCircle, LockKeyhole } from 'lucide-react'
import { Popover } from 'radix-ui'
import { useId, useState, type SyntheticEvent } from 'react'
import { useClient } from '../hooks/use_client'
import { useLocks } from '../hooks/use_locks'
import { useStore } from '../hooks/use_store'
import type { Resource } from '../types'
import { errorText } from './error_text'
import { Notice } from './notice'
import { resourceName } from './resource_names'
import { Segments } from './segments'
import { useOwnSelection } from './use_access'
import { useAction } from './use_action'

const durations = [
  { value: 15, label: '15 min' },
  { value: 30, label: '30 min' },
  { value: 60, label: '1 hour' }
] as const

export function LockTake({ target }: { target: Resource | null }) {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <Popover.Root open={isOpen} onOpenChange={setIsOpen}>
      <Popover.Trigger className="coflow-button coflow-button--small coflow-button--quiet">
        <LockKeyhole aria-hidden />
        Lock…
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="coflow-popover coflow-lock-take"
          align="end"
          sideOffset={4}
          collisionPadding={8}
          aria-label="Take a lock"
        >
          <Form target={target} onTaken={() => setIsOpen(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}

function Form({ target, onTaken }: { target: Resource | null; onTaken: () => void }) {
  const client = useClient()
  const doc = useStore(client.document)
  const { acquire } = useLocks()
  const action = useAction()
  const [choice, setChoice] = useState(0)
  const [reason, setReason] = useState('')
  const [durationMinutes, setDurationMinutes] = useState<number>(30)
  const name = useId()

  const selected = useOwnSelection()
  const resources: Resource[] = [
    ...(target === null ? [] : [target]),
    ...(selected === null || selected === target?.id
      ? []
      : [{ type: 'node' as const, id: selected }]),
    { type: 'workflow', id: client.options.workflowId }
  ]
  const chosen = resources[Math.min(choice, resources.length - 1)]

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault()
    if (chosen === undefined) return
    const options = { durationMinutes, ...(reason.trim() === '' ? {} : { reason: reason.trim() }) }
    if (await action.run(() => acquire(chosen.type, chosen.id, options))) onTaken()
  }

  return (
    <form className="coflow-lock-take__form" onSubmit={(event) => void submit(event)}>
      <fieldset className="coflow-lock-take__choices">
        <legend className="coflow-label">Lock</legend>
        {resources.map((resource, index) => (
          <label key={`${resource.type} ${resource.id}`} className="coflow-choice">
            <input
              type="radio"
              name={name}
              checked={resource === chosen}
              onChange={() => setChoice(index)}
            />
            <span className="coflow-choice__text">
              {resourceName(doc, resource.type, resource.id)}
            </span>
          </label>
        ))}
      </fieldset>
      <label className="coflow-field">
        <span className="coflow-label">Reason (others see it)</span>
        <input
          className="coflow-input"
          value={reason}
          maxLength={200}
          placeholder="Rewriting the prompt"
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      <Segments
        label="For"
        options={durations}
        value={durationMinutes}
        onChange={setDurationMinutes}
      />
      {action.error !== null && (
        <Notice kind="danger" onDismiss={action.dismiss}>
          {errorText(action.error, (type, id) => resourceName(doc, type, id))}
        </Notice>
      )}
      <button
        type="submit"
        className="coflow-button coflow-button--primary"
        disabled={action.isBusy}
      >
        {action.isBusy ? (
          <LoaderCircle className="coflow-spin" aria-hidden />
        ) : (
          <LockKeyhole aria-hidden />
        )}
        Lock
      </button>
    </form>
  )
}
