/** Shows notices at the bottom, a few at a time. */

import './notices.css'
import { X } from 'lucide-react'
import { Toast } from 'radix-ui'
import { useContext, useState, useSyncExternalStore, type ReactNode } from 'react'
import { NoticeContext } from './notice_context'
import { NoticeStore } from './notice_store'

const DURATION_MS = 5_000
const DURATION_WITH_ACTION_MS = 10_000

export function NoticeProvider({ children }: { children: ReactNode }) {
  const [store] = useState(() => new NoticeStore())
  return (
    <NoticeContext value={store}>
      <Toast.Provider swipeDirection="down" label="Notice">
        {children}
        <Notices />
        <Toast.Viewport className="ed-notices" label="Notices ({hotkey})" />
      </Toast.Provider>
    </NoticeContext>
  )
}

function Notices() {
  const store = useContext(NoticeContext)
  const notices = useSyncExternalStore(store.subscribe, store.shown)
  return notices.map(({ id, title, text, kind, action, isLasting }) => (
    <Toast.Root
      key={id}
      className="ed-notice"
      data-kind={kind}
      duration={isLasting ? Infinity : action === undefined ? DURATION_MS : DURATION_WITH_ACTION_MS}
      type={kind === 'warning' ? 'foreground' : 'background'}
      onOpenChange={(open) => open || store.close(id)}
    >
      <div className="ed-notice__words">
        <Toast.Title className="ed-notice__title">{title}</Toast.Title>
        {text !== undefined && (
          <Toast.Description className="ed-notice__text">{text}</Toast.Description>
        )}
      </div>
      {action !== undefined && (
        <Toast.Action asChild altText={action.label}>
          <button type="button" className="ed-notice__action" onClick={action.run}>
            {action.label}
          </button>
        </Toast.Action>
      )}
      <Toast.Close className="ed-notice__close" aria-label="Close">
        <X size={14} aria-hidden="true" />
      </Toast.Close>
    </Toast.Root>
  ))
}
