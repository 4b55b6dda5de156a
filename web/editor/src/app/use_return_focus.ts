/** For dialogs that open without a trigger of their own: the focus goes back to what had it before. */

import { useRef } from 'react'

export function useReturnFocus() {
  const opener = useRef<Element | null>(null)
  return {
    onOpenAutoFocus: () => {
      opener.current = openerOf(document.activeElement)
    },
    onCloseAutoFocus: (event: Event) => {
      // Radix would give it to the trigger, and drop it where there is none.
      event.preventDefault()
      if (opener.current instanceof HTMLElement) opener.current.focus()
    }
  }
}

/** A menu is gone by the time that the dialog closes: the button that opened it is not. */
function openerOf(focused: Element | null): Element | null {
  const buttonId = focused?.closest('[role="menu"]')?.getAttribute('aria-labelledby')
  return buttonId == null ? focused : document.getElementById(buttonId)
}
