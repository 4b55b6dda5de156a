/** How the parts of the editor tell something at the bottom of the screen. */

import { createContext, useContext, useSyncExternalStore } from 'react'
import { NoticeStore, type Notice } from './notice_store'

export const NoticeContext = createContext(new NoticeStore())

export function useTell(): NoticeStore['tell'] {
  return useContext(NoticeContext).tell
}

export function useNoticeLog(): readonly Notice[] {
  const { subscribe, log } = useContext(NoticeContext)
  return useSyncExternalStore(subscribe, log)
}
