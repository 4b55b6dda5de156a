/** Asks a guest for the name by which others will know them. */

import { useState, type SyntheticEvent } from 'react'

const MAX_NAME_CHARS = 64

interface Props {
  onName: (name: string) => void
  /** It is asked again: the server did not take what was given. */
  isRefused?: boolean
}

export function AskName({ onName, isRefused = false }: Props) {
  const [text, setText] = useState('')
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (text.trim() !== '') onName(text.trim())
  }
  return (
    <main className="ed-center">
      <section className="ed-card">
        <img className="ed-card__mark" src="/icon.svg" alt="" />
        <h1>You are invited to a workflow</h1>
        <p>Tell the others who has come. No account is needed.</p>
        <form onSubmit={submit}>
          <label className="coflow-field">
            <span className="coflow-label">Your name</span>
            <input
              className="coflow-input"
              name="name"
              autoComplete="name"
              maxLength={MAX_NAME_CHARS}
              autoFocus
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
          {isRefused && (
            <p className="ed-error" role="alert">
              This name cannot be used: something in it cannot be shown. Choose another.
            </p>
          )}
          <button
            type="submit"
            className="coflow-button coflow-button--primary"
            disabled={text.trim() === ''}
          >
            Open the workflow
          </button>
        </form>
      </section>
    </main>
  )
}
