/** Making a link that anybody who has it can use. */
import { Link2, LoaderCircle } from 'lucide-react'
import { useState } from 'react'
import { CopyButton } from './copy_button'
import { errorText } from './error_text'
import { Notice } from './notice'
import { ShareList } from './share_list'
import {
  defaultTerms,
  ExpiryChoice,
  PermissionToggles,
  UsageLimit,
  useShareTerms
} from './share_terms'
import { useAction } from './use_action'
import { shareKey, type Shares, type ShareTerms } from './use_shares'

export function ShareLinkTab({ shares }: { shares: Shares }) {
  const [terms, setTerms] = useShareTerms(defaultTerms)
  const [madeKey, setMadeKey] = useState<string | null>(null)
  const action = useAction()
  const made = shares.shares?.find((share) => shareKey(share) === madeKey)

  const change = (next: ShareTerms) => {
    setTerms(next)
    // The link that is shown has the terms that it was made with.
    setMadeKey(null)
  }
  const create = () =>
    action.run(async () => {
      setMadeKey(shareKey(await shares.create(terms)))
    })

  return (
    <>
      <PermissionToggles terms={terms} onChange={change} />
      <div className="coflow-share__pair">
        <ExpiryChoice terms={terms} onChange={change} />
        <UsageLimit terms={terms} onChange={change} />
      </div>
      {action.error !== null && (
        <Notice kind="danger" onDismiss={action.dismiss}>
          {errorText(action.error)}
        </Notice>
      )}
      <div className="coflow-share__make">
        {typeof made?.url === 'string' ? (
          <>
            <input
              className="coflow-input coflow-share__url"
              aria-label="New link"
              readOnly
              value={made.url}
              onFocus={(event) => event.target.select()}
            />
            <CopyButton isPrimary text={made.url} label="Copy link" />
          </>
        ) : (
          <button
            type="button"
            className="coflow-button coflow-button--primary coflow-share__create"
            disabled={action.isBusy}
            onClick={() => void create()}
          >
            {action.isBusy ? (
              <LoaderCircle className="coflow-spin" aria-hidden />
            ) : (
              <Link2 aria-hidden />
            )}
            Create link
          </button>
        )}
      </div>
      <ShareList {...shares} />
    </>
  )
}
