/** Asks before something that cannot be taken back. */

import { AlertDialog } from 'radix-ui'
import type { ReactNode } from 'react'
import { useReturnFocus } from './use_return_focus'

interface Props {
  open: boolean
  title: string
  /** What will be lost. */
  children: ReactNode
  stay: string
  action: string
  isBusy?: boolean
  /** Why it did not work. */
  problem?: string | null
  onConfirm: () => void
  onClose: () => void
}

export function Question(props: Props) {
  const { open, title, children, stay, action, isBusy, problem = null, onConfirm, onClose } = props
  const returnFocus = useReturnFocus()
  return (
    <AlertDialog.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="coflow-overlay" />
        <AlertDialog.Content className="coflow-dialog coflow-dialog--small" {...returnFocus}>
          <AlertDialog.Title className="coflow-dialog__title">{title}</AlertDialog.Title>
          <AlertDialog.Description className="coflow-dialog__text">
            {children}
          </AlertDialog.Description>
          {problem !== null && (
            <p className="coflow-dialog__text ed-error" role="alert">
              {problem}
            </p>
          )}
          <div className="coflow-dialog__actions">
            <AlertDialog.Cancel className="coflow-button">{stay}</AlertDialog.Cancel>
            <button
              type="button"
              className="coflow-button coflow-button--danger"
              disabled={isBusy}
              onClick={onConfirm}
            >
              {action}
            </button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
