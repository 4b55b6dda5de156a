/** Reads out what is announced, the last of it. */

import { useCallback, useState, type ReactNode } from 'react'
import { AnnounceContext } from './announce_context'

export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ words: '', count: 0 })
  const announce = useCallback(
    (words: string) => setSaid(({ count }) => ({ words, count: count + 1 })),
    []
  )
  return (
    <AnnounceContext value={announce}>
      {children}
      <div className="coflow-hidden" role="status">
        {/* Another element each time: the same words twice are two announcements. */}
        <p key={said.count}>{said.words}</p>
      </div>
    </AnnounceContext>
  )
}
