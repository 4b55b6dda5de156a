/** What a link grants, for how long, and to how many. */
import { Eye, MessageCircle, Pencil, Share2 } from 'lucide-react'
import { Switch } from 'radix-ui'
import { useId } from 'react'
import type { Wire } from '../api/rest'
import { Segments } from './segments'
import type { ShareTerms } from './use_shares'

export const defaultTerms: ShareTerms = {
  permissions: { can_view: true, can_comment: true, can_edit: false, can_share: false },
  expiresInDays: 7,
  maxUses: null
}

type Permission = keyof Wire<'SharePermissions'>

const permissions: readonly { key: Permission; icon: typeof Eye; label: string; text: string }[] = [
  { key: 'can_view', icon: Eye, label: 'View', text: 'See the workflow and who is in it' },
  { key: 'can_comment', icon: MessageCircle, label: 'Comment', text: 'Write and resolve comments' },
  { key: 'can_edit', icon: Pencil, label: 'Edit', text: 'Change nodes and edges, take locks' },
  { key: 'can_share', icon: Share2, label: 'Share', text: 'Make links for others' }
]

interface PartProps {
  terms: ShareTerms
  onChange: (terms: ShareTerms) => void
}

export function PermissionToggles({ terms, onChange }: PartProps) {
  const id = useId()
  return (
    <fieldset className="coflow-toggles">
      <legend className="coflow-label">People with the link can</legend>
      {permissions.map(({ key, icon: Icon, label, text }) => (
        <div key={key} className="coflow-toggle">
          <Icon aria-hidden />
          <label className="coflow-toggle__text" htmlFor={`${id}${key}`}>
            <span className="coflow-toggle__name">{label}</span>
            <span className="coflow-toggle__hint">{text}</span>
          </label>
          <Switch.Root
            id={`${id}${key}`}
            className="coflow-switch coflow-focusable"
            checked={terms.permissions[key]}
            // Every link lets view.
            disabled={key === 'can_view'}
            onCheckedChange={(isOn) =>
              onChange({ ...terms, permissions: { ...terms.permissions, [key]: isOn } })
            }
          >
            <Switch.Thumb className="coflow-switch__thumb" />
          </Switch.Root>
        </div>
      ))}
    </fieldset>
  )
}

const expiries = [
  { value: 0, label: 'Never' },
  { value: 7, label: '7 days' },
  { value: 30, label: '30 days' }
] as const

export function ExpiryChoice({ terms, onChange }: PartProps) {
  return (
    <Segments<number>
      label="Expires"
      options={expiries}
      value={terms.expiresInDays ?? 0}
      onChange={(days) => onChange({ ...terms, expiresInDays: days === 0 ? null : days })}
    />
  )
}

const limits = [
  { value: 'unlimited', label: 'Unlimited' },
  { value: 'limited', label: 'Limited' }
] as const

export function UsageLimit({ terms, onChange }: PartProps) {
  return (
    <div className="coflow-usage">
      <Segments<'unlimited' | 'limited'>
        label="How many people"
        options={limits}
        value={terms.maxUses === null ? 'unlimited' : 'limited'}
        onChange={(kind) => onChange({ ...terms, maxUses: kind === 'unlimited' ? null : 5 })}
      />
      <input
        className="coflow-input coflow-usage__count"
        type="number"
        min={1}
        max={10_000}
        step={1}
        aria-label="How many people may use the link"
        // Stays in its place, so that nothing moves.
        disabled={terms.maxUses === null}
        value={terms.maxUses ?? ''}
        placeholder="∞"
        onChange={(event) => {
          const count = Math.floor(event.target.valueAsNumber)
          if (count >= 1) onChange({ ...terms, maxUses: Math.min(count, 10_000) })
        }}
      />
    </div>
  )
}
