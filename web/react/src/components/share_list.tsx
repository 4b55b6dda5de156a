/** The links that there are: what each grants, how often it was used, when it ends, and revoking it. */
import { Link2, Trash2 } from 'lucide-react'
import { AnimatePresence, motion } from 'motion/react'
import { useState } from 'react'
import { useClient } from '../hooks/use_client'
import { Confirm } from './confirm'
import { CopyButton } from './copy_button'
import { errorText } from './error_text'
import { IconButton } from './icon_button'
import { Notice } from './notice'
import { expiryLabel } from './time_labels'
import { useAccess } from './use_access'
import { useAction } from './use_action'
import { useEntrance } from './use_entrance'
import { useNow } from './use_now'
import { shareKey, type Share, type Shares } from './use_shares'

export function ShareList({ shares: all, error, reload, revoke }: Shares) {
  const [asked, setAsked] = useState<Share | null>(null)
  const action = useAction()
  const entrance = useEntrance()

  return (
    <section className="coflow-share__links" aria-label="Existing links">
      <h3 className="coflow-share__heading">
        Links
        {all !== null && all.length > 0 && <span className="coflow-card__count">{all.length}</span>}
      </h3>
      {error !== null && all === null && (
        <Notice kind="danger">
          {errorText(error)}{' '}
          <button type="button" className="coflow-link coflow-focusable" onClick={reload}>
            Try again
          </button>
        </Notice>
      )}
      {action.error !== null && (
        <Notice kind="danger" onDismiss={action.dismiss}>
          {errorText(action.error)}
        </Notice>
      )}
      {all === null && error === null && (
        <div role="status" aria-label="Loading links">
          <div className="coflow-share__link">
            <span className="coflow-skeleton" style={{ width: 160, height: 12 }} />
          </div>
        </div>
      )}
      {all?.length === 0 && <p className="coflow-share__none">No links yet.</p>}
      <ul className="coflow-share__list">
        <AnimatePresence initial={false}>
          {all?.map((share) => (
            <motion.li key={shareKey(share)} {...entrance}>
              <ShareRow share={share} onRevoke={() => setAsked(share)} isBusy={action.isBusy} />
            </motion.li>
          ))}
        </AnimatePresence>
      </ul>
      <Confirm
        open={asked !== null}
        onOpenChange={() => setAsked(null)}
        title="Revoke this link?"
        text="It stops working at once, and everybody who came by it and has no other access is disconnected."
        action="Revoke link"
        onConfirm={() => {
          if (asked !== null) void action.run(() => revoke(asked))
        }}
      />
    </section>
  )
}

interface ShareRowProps {
  share: Share
  onRevoke: () => void
  isBusy: boolean
}

function ShareRow({ share, onRevoke, isBusy }: ShareRowProps) {
  const now = useNow('tenSeconds')
  const { clock } = useClient().rest
  const { userId } = useAccess()
  const expiry = expiryLabel(share.expires_at === null ? null : clock.msOf(share.expires_at), now)
  const isUsedUp = share.max_uses !== null && share.uses >= share.max_uses
  const grants = grantsOf(share)
  return (
    <div className="coflow-share__link">
      <Link2 className="coflow-share__icon" aria-hidden />
      <div className="coflow-share__about">
        <span className="coflow-share__grants">
          {grants}
          {expiry === 'expired' && (
            <span className="coflow-badge coflow-badge--danger">Expired</span>
          )}
          {isUsedUp && <span className="coflow-badge">Used up</span>}
        </span>
        <span className="coflow-share__facts">
          {usesOf(share)} · {expiry}
          {share.created_by !== userId && ` · by ${share.created_by_name}`}
        </span>
      </div>
      {share.url !== null && <CopyButton text={share.url} what={`link: ${grants}`} />}
      <IconButton
        label={`Revoke link: ${grants}`}
        icon={<Trash2 aria-hidden />}
        disabled={isBusy}
        onClick={onRevoke}
      />
    </div>
  )
}

function grantsOf({ permissions }: Share): string {
  const grants = [
    permissions.can_edit && 'edit',
    permissions.can_comment && 'comment',
    permissions.can_share && 'share'
  ].filter((grant) => grant !== false)
  return grants.length === 0 ? 'Can view' : `Can ${grants.join(', ')}`
}

function usesOf({ uses, max_uses: max }: Share): string {
  if (max !== null) return `${uses} of ${max} used`
  return uses === 1 ? '1 use' : `${uses} uses`
}
