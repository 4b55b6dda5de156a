/** For dialogs that open without a trigger of their own: the focus goes back to what had it before. */

import { useRef } from 'react'

export function useReturnFocus() {
  const opener = useRef<Element | null>(null)
  return {
    onOpenAutoFocus: () => {
      opener.current = document.activeElement
    },
    onCloseAutoFocus: (event: Event) => {
      // Radix would give it to the trigger, and drop it where there is none.
      event.preventDefault()
      if (opener.current instanceof HTMLElement) opener.current.focus()
    }
  }
}
