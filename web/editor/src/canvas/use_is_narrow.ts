/** Whether the window is as narrow as a phone: the same width as in the style sheets. */

import { useSyncExternalStore } from 'react'

const query = window.matchMedia('(max-width: 720px)')

function subscribe(listener: () => void): () => void {
  query.addEventListener('change', listener)
  return () => query.removeEventListener('change', listener)
}

export function useIsNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => query.matches)
}
