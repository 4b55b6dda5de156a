/** Copies a text and says so. */
import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'

const feedbackMs = 2000

export interface CopyButtonProps {
  text: string
  label?: string
  /** What is copied, for screen readers: "link for ann@example.org". */
  what?: string
  isPrimary?: boolean
  onCopied?: () => void
}

type Outcome = 'none' | 'copied' | 'failed'

export function CopyButton(props: CopyButtonProps) {
  const { text, label = 'Copy', what, isPrimary = false, onCopied } = props
  const [outcome, setOutcome] = useState<Outcome>('none')

  useEffect(() => {
    if (outcome === 'none') return
    const timer = setTimeout(() => setOutcome('none'), feedbackMs)
    return () => clearTimeout(timer)
  }, [outcome])

  const copy = async () => {
    try {
      // Browsers have no clipboard on pages that come by plain http from another machine.
      await navigator.clipboard.writeText(text)
      setOutcome('copied')
      onCopied?.()
    } catch {
      setOutcome('failed')
    }
  }

  const shown = { none: label, copied: 'Copied', failed: 'Press Ctrl+C' }[outcome]
  return (
    <button
      type="button"
      className={`coflow-button coflow-copy ${isPrimary ? 'coflow-button--primary' : ''}`}
      aria-label={outcome === 'none' && what !== undefined ? `${label} ${what}` : undefined}
      onClick={(event) => {
        // Whatever comes of it, the text is selected where it is shown.
        event.currentTarget.parentElement?.querySelector('input')?.select()
        void copy()
      }}
    >
      {outcome === 'copied' ? <Check aria-hidden /> : <Copy aria-hidden />}
      <span aria-live="polite">{shown}</span>
    </button>
  )
}
