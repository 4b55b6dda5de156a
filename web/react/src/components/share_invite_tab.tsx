/** Inviting people by their e-mail addresses: one link each, for the inviter to send. */
import { LoaderCircle, Mail, UserPlus } from 'lucide-react'
import { useEffect, useId, useRef, useState, type SyntheticEvent } from 'react'
import { CopyButton } from './copy_button'
import { parseEmailAddresses } from './email_addresses'
import { errorText } from './error_text'
import { Notice } from './notice'
import { defaultTerms, ExpiryChoice, PermissionToggles, useShareTerms } from './share_terms'
import { useAction } from './use_action'
import type { Shares } from './use_shares'

const maxAddresses = 50

interface Invitation {
  address: string
  url: string
}

interface ShareInviteTabProps {
  shares: Shares
  workflowName: string
}

export function ShareInviteTab({ shares, workflowName }: ShareInviteTabProps) {
  const [text, setText] = useState('')
  const [message, setMessage] = useState('')
  const [terms, setTerms] = useShareTerms({ ...defaultTerms, maxUses: 1 })
  const [invitations, setInvitations] = useState<readonly Invitation[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const action = useAction()
  const id = useId()
  const madeRef = useRef<HTMLElement>(null)

  useEffect(() => {
    // They appear below what one sees of the dialog.
    if (invitations.length > 0) madeRef.current?.scrollIntoView({ block: 'nearest' })
  }, [invitations.length])

  const { valid, invalid } = parseEmailAddresses(text)
  const check = (): string | null => {
    if (invalid.length > 0) return `Not an e-mail address: ${invalid.join(', ')}`
    if (valid.length > maxAddresses) return `At most ${maxAddresses} addresses at a time.`
    return null
  }

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault()
    const found = valid.length === 0 && invalid.length === 0 ? 'Enter an e-mail address.' : check()
    setProblem(found)
    if (found !== null) return
    await action.run(async () => {
      for (const address of valid) {
        const { url } = await shares.create(terms)
        // What is made is shown, and not made again, should one of the next fail.
        if (url !== null) setInvitations((made) => [...made, { address, url }])
        setText((typed) => withoutAddress(typed, address))
      }
    })
  }

  return (
    <form className="coflow-share__invite" onSubmit={(event) => void submit(event)} noValidate>
      <div className="coflow-field">
        <label className="coflow-label" htmlFor={`${id}to`}>
          E-mail addresses, separated by commas
        </label>
        <textarea
          id={`${id}to`}
          className="coflow-input"
          rows={2}
          value={text}
          placeholder="ann@example.org, bob@example.org"
          spellCheck={false}
          aria-invalid={problem !== null}
          aria-describedby={problem === null ? undefined : `${id}problem`}
          onChange={(event) => {
            setText(event.target.value)
            setProblem(null)
          }}
          onBlur={() => setProblem(check())}
        />
        {problem !== null && (
          <span id={`${id}problem`} className="coflow-field__problem" role="alert">
            {problem}
          </span>
        )}
      </div>
      <label className="coflow-field">
        <span className="coflow-label">Message (optional)</span>
        <textarea
          className="coflow-input"
          rows={2}
          value={message}
          maxLength={2000}
          placeholder="Could you look over the second step?"
          onChange={(event) => setMessage(event.target.value)}
        />
      </label>
      <PermissionToggles terms={terms} onChange={setTerms} />
      <ExpiryChoice terms={terms} onChange={setTerms} />
      {action.error !== null && (
        <Notice kind="danger" onDismiss={action.dismiss}>
          {errorText(action.error)}
        </Notice>
      )}
      <Notice kind="neutral" icon={<Mail aria-hidden />}>
        This server sends no e-mail yet. You get one link for each address, good for one person, to
        send yourself.
      </Notice>
      <button
        type="submit"
        className="coflow-button coflow-button--primary coflow-share__create"
        disabled={action.isBusy}
      >
        {action.isBusy ? (
          <LoaderCircle className="coflow-spin" aria-hidden />
        ) : (
          <UserPlus aria-hidden />
        )}
        {valid.length > 1 ? `Create ${valid.length} invite links` : 'Create invite link'}
      </button>
      {invitations.length > 0 && (
        <section ref={madeRef} aria-label="Invitations">
          <h3 className="coflow-share__heading">To send</h3>
          <ul className="coflow-share__list">
            {invitations.map(({ address, url }) => (
              <li key={url} className="coflow-share__link">
                <div className="coflow-share__about">
                  <span className="coflow-share__grants">{address}</span>
                  <span className="coflow-share__facts coflow-share__facts--line">{url}</span>
                </div>
                <CopyButton
                  text={message.trim() === '' ? url : `${message.trim()}\n\n${url}`}
                  what={`link for ${address}`}
                />
                <a
                  className="coflow-button"
                  href={mailTo(address, workflowName, message, url)}
                  aria-label={`Write to ${address}`}
                >
                  <Mail aria-hidden />
                  Write
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </form>
  )
}

function withoutAddress(text: string, address: string): string {
  const { valid, invalid } = parseEmailAddresses(text)
  return [...valid.filter((each) => each !== address), ...invalid].join(', ')
}

function mailTo(address: string, workflowName: string, message: string, url: string): string {
  const subject = encodeURIComponent(`Work with me on “${workflowName}”`)
  const body = encodeURIComponent(message.trim() === '' ? url : `${message.trim()}\n\n${url}`)
  return `mailto:${encodeURIComponent(address)}?subject=${subject}&body=${body}`
}
