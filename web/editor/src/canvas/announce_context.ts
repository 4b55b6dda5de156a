/** How the canvas tells those who cannot see it what has happened on it. */

import { createContext, useContext } from 'react'

export const AnnounceContext = createContext<(words: string) => void>(() => undefined)

export function useAnnounce(): (words: string) => void {
  return useContext(AnnounceContext)
}
