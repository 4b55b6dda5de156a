/** What a link grants, for how long, and to how many. */
import { Eye, MessageCircle, Pencil, Share2 } from 'lucide-react'
import { Switch } from 'radix-ui'
import { useId, useState } from 'react'
import type { Permission } from '../types'
import { Segments } from './segments'
import { useAccess } from './use_access'
import type { ShareTerms } from './use_shares'

export const defaultTerms: ShareTerms = {
  permissions: { can_view: true, can_comment: true, can_edit: false, can_share: false },
  expiresInDays: 7,
  maxUses: null
}

interface Grant {
  right: Exclude<Permission, 'manage'>
  icon: typeof Eye
  label: string
  text: string
}

const grants: readonly Grant[] = [
  { right: 'view', icon: Eye, label: 'View', text: 'See the workflow and who is in it' },
  { right: 'comment', icon: MessageCircle, label: 'Comment', text: 'Write and resolve comments' },
  { right: 'edit', icon: Pencil, label: 'Edit', text: 'Change nodes and edges, take locks' },
  { right: 'share', icon: Share2, label: 'Share', text: 'Make links for others' }
]

/** Nobody grants more than they have. What is not known yet is refused by the server, if it must be. */
function useMayGrant(): (right: Permission) => boolean {
  const { role, permissions } = useAccess()
  return (right) => role === null || permissions.includes(right)
}

/** Terms of a new link, within what who makes it may grant. */
export function useShareTerms(initial: ShareTerms): [ShareTerms, (terms: ShareTerms) => void] {
  const mayGrant = useMayGrant()
  const [terms, setTerms] = useState(initial)
  const permissions = { ...terms.permissions }
  for (const { right } of grants) permissions[`can_${right}`] &&= mayGrant(right)
  return [{ ...terms, permissions }, setTerms]
}

interface PartProps {
  terms: ShareTerms
  onChange: (terms: ShareTerms) => void
}

export function PermissionToggles({ terms, onChange }: PartProps) {
  const id = useId()
  const mayGrant = useMayGrant()
  return (
    <fieldset className="coflow-toggles">
      <legend className="coflow-label">People with the link can</legend>
      {grants.map(({ right, icon: Icon, label, text }) => (
        <div key={right} className="coflow-toggle">
          <Icon aria-hidden />
          <label className="coflow-toggle__text" htmlFor={`${id}${right}`}>
            <span className="coflow-toggle__name">{label}</span>
            <span className="coflow-toggle__hint">
              {mayGrant(right) ? text : 'Not yours to give: you do not have this right'}
            </span>
          </label>
          <Switch.Root
            id={`${id}${right}`}
            className="coflow-switch coflow-focusable"
            checked={terms.permissions[`can_${right}`]}
            // Every link lets view.
            disabled={right === 'view' || !mayGrant(right)}
            onCheckedChange={(isOn) =>
              onChange({ ...terms, permissions: { ...terms.permissions, [`can_${right}`]: isOn } })
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
