/** A claim that, once true, is shown for a moment, so that it can be read. Becoming true is never delayed. */
import { useEffect, useState } from 'react'

export function useLingering(isTrue: boolean, lingerMs: number): boolean {
  const [isLingering, setIsLingering] = useState(false)
  useEffect(() => {
    if (!isTrue) return
    return () => {
      // It has just stopped being true.
      setIsLingering(true)
    }
  }, [isTrue])
  useEffect(() => {
    if (!isLingering) return
    const timer = setTimeout(() => setIsLingering(false), lingerMs)
    return () => clearTimeout(timer)
  }, [isLingering, lingerMs])
  return isTrue || isLingering
}
