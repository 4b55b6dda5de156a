/** Asks who one is: for a name in dev mode, for a token where tokens are used. */

import { useEffect, useState, type ReactNode, type SyntheticEvent } from 'react'
import { setDevUser, setUserToken } from './identity'

interface Props {
  authMode: 'dev' | 'jwt'
  /** It is asked again: the server did not take what was given. */
  isRefused?: boolean
  /** What else one can do, beside signing in. */
  actions?: ReactNode
}

const MAX_NAME_CHARS = 64
const REFUSED = {
  // The name is the id there, which has to be one that nobody confuses with another.
  dev: 'This name cannot be used: it holds special or invisible characters, or is one of the server’s own. Choose another.',
  jwt: 'Your token is not valid, or has expired.'
}

export function SignIn({ authMode, isRefused = false, actions }: Props) {
  const [text, setText] = useState('')
  const isDev = authMode === 'dev'

  useEffect(() => {
    // Not the name of what somebody else has looked at.
    document.title = 'coflow'
  }, [])

  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    const given = text.trim()
    if (given === '') return
    if (isDev) setDevUser(given)
    else setUserToken(given)
  }

  return (
    <main className="ed-center">
      <section className="ed-card">
        <img className="ed-card__mark" src="/icon.svg" alt="" />
        <h1>{isDev ? 'What should we call you?' : 'Sign in'}</h1>
        <p>
          {isDev
            ? 'Others see this name beside your cursor and your comments.'
            : 'This server needs an access token. Open the link that your application gives you, or paste the token here.'}
        </p>
        <form onSubmit={submit}>
          <label className="coflow-field">
            <span className="coflow-label">{isDev ? 'Your name' : 'Access token'}</span>
            <input
              className="coflow-input"
              name={isDev ? 'name' : 'token'}
              type={isDev ? 'text' : 'password'}
              autoComplete={isDev ? 'nickname' : 'off'}
              spellCheck={false}
              maxLength={isDev ? MAX_NAME_CHARS : undefined}
              autoFocus
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
          {isRefused && (
            <p className="ed-error" role="alert">
              {REFUSED[authMode]}
            </p>
          )}
          <button
            type="submit"
            className="coflow-button coflow-button--primary"
            disabled={text.trim() === ''}
          >
            Continue
          </button>
        </form>
        {actions !== undefined && <div className="ed-card__actions">{actions}</div>}
      </section>
    </main>
  )
}
