/** Where a comment is written: Enter sends, Shift+Enter begins a new line, Escape gives up. */
import { ArrowUp, LoaderCircle } from 'lucide-react'
import { useState, type KeyboardEvent } from 'react'
import { errorText } from './error_text'
import { Notice } from './notice'
import { useAction } from './use_action'

const maxLength = 10_000

export interface CommentComposerProps {
  label: string
  placeholder: string
  action: string
  initial?: string
  autoFocus?: boolean
  /** Rejects with ApiError; what was written stays then. */
  onSubmit: (content: string) => Promise<unknown>
  onCancel?: (() => void) | undefined
  /** For who asks before it is thrown away. */
  onChange?: ((content: string) => void) | undefined
}

export function CommentComposer(props: CommentComposerProps) {
  const { label, placeholder, action: actionName, initial = '', autoFocus = false } = props
  const { onSubmit, onCancel, onChange } = props
  const [content, setContent] = useState(initial)
  const action = useAction()
  const isEmpty = content.trim() === ''

  const submit = async () => {
    if (isEmpty || action.isBusy) return
    if (await action.run(() => onSubmit(content.trim()))) setContent('')
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // An input method's Enter chooses a word.
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      void submit()
    } else if (event.key === 'Escape' && onCancel !== undefined) {
      event.stopPropagation()
      onCancel()
    }
  }

  return (
    <div className="coflow-composer">
      {action.error !== null && (
        <Notice kind="danger" onDismiss={action.dismiss}>
          {errorText(action.error)}
        </Notice>
      )}
      <div className="coflow-composer__box">
        <textarea
          className="coflow-composer__text"
          dir="auto"
          aria-label={label}
          placeholder={placeholder}
          rows={1}
          maxLength={maxLength}
          autoFocus={autoFocus}
          value={content}
          onChange={(event) => {
            setContent(event.target.value)
            onChange?.(event.target.value)
          }}
          onKeyDown={onKeyDown}
          onFocus={(event) => event.target.setSelectionRange(content.length, content.length)}
        />
        <button
          type="button"
          className="coflow-composer__send coflow-focusable"
          aria-label={actionName}
          disabled={isEmpty || action.isBusy}
          onClick={() => void submit()}
        >
          {action.isBusy ? (
            <LoaderCircle className="coflow-spin" aria-hidden />
          ) : (
            <ArrowUp aria-hidden />
          )}
        </button>
      </div>
      {initial !== '' && onCancel !== undefined && (
        <div className="coflow-composer__hint">
          Enter to save ·
          <button type="button" className="coflow-link coflow-focusable" onClick={onCancel}>
            Cancel
          </button>
        </div>
      )}
    </div>
  )
}
