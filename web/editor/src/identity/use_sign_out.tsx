/** Signs out, or lets a guest leave, once nothing is lost by it or the user wants it all the same. */

import { useState, type ReactNode } from 'react'
import { leave, unsavedOf, type Changes, type Leaving, type Unsaved } from './sign_out'
import { SignOutDialog } from './sign_out_dialog'

interface SignOut {
  /** `notStored`: what only this page has. */
  start: (leaving: Leaving, notStored?: Changes) => Promise<void>
  /** To be rendered where it outlives what started it. */
  dialog: ReactNode
}

/** `isAlwaysAsked`: also when nothing unsaved is lost. */
export function useSignOut({ isAlwaysAsked = false } = {}): SignOut {
  const [asked, setAsked] = useState<{ leaving: Leaving; unsaved: Unsaved } | null>(null)

  const start = async (leaving: Leaving, notStored: Changes = 0) => {
    const unsaved = await unsavedOf(leaving, notStored)
    if (isAlwaysAsked || unsaved.changes !== 0) setAsked({ leaving, unsaved })
    else await leave(leaving)
  }
  const dialog = asked !== null && (
    <SignOutDialog
      isGuest={asked.leaving.isGuest}
      unsaved={asked.unsaved}
      onConfirm={() => {
        setAsked(null)
        void leave(asked.leaving)
      }}
      onClose={() => setAsked(null)}
    />
  )
  return { start, dialog }
}
