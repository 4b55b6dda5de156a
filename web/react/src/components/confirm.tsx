/** A question before something that cannot be taken back. */
import { AlertDialog } from 'radix-ui'
import { useReturnFocus } from './use_return_focus'
import '../styles/controls.css'

export interface ConfirmProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  text: string
  action: string
  onConfirm: () => void
  /** Takes the focus afterwards; by default it goes back to what had it. */
  onReturn?: () => void
}

export function Confirm(props: ConfirmProps) {
  const { open, onOpenChange, title, text, action, onConfirm, onReturn } = props
  const { onOpenAutoFocus, onCloseAutoFocus } = useReturnFocus()
  const giveBack = (event: Event) => {
    onCloseAutoFocus(event)
    onReturn?.()
  }
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="coflow-overlay coflow-overlay--nested" />
        <AlertDialog.Content
          className="coflow-dialog coflow-dialog--small"
          onOpenAutoFocus={onOpenAutoFocus}
          onCloseAutoFocus={giveBack}
        >
          <AlertDialog.Title className="coflow-dialog__title">{title}</AlertDialog.Title>
          <AlertDialog.Description className="coflow-dialog__text">{text}</AlertDialog.Description>
          <div className="coflow-dialog__actions">
            <AlertDialog.Cancel className="coflow-button">Cancel</AlertDialog.Cancel>
            <AlertDialog.Action className="coflow-button coflow-button--danger" onClick={onConfirm}>
              {action}
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
