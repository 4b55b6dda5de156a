/**
 * A value that passes through others on its way: until it has settled, or is late, the last settled one.
 * `value` is the same object as long as nothing has changed.
 */
import { useEffect, useState } from 'react'

export function useSettled<T>(value: T, isSettled: boolean, lateAfterMs: number): T {
  const [last, setLast] = useState(value)
  const [isLate, setIsLate] = useState(false)
  // While rendering, as React recommends for what is derived: no frame shows what was before.
  if (isSettled && !Object.is(last, value)) setLast(value)
  useEffect(() => {
    if (isSettled) return
    const timer = setTimeout(() => setIsLate(true), lateAfterMs)
    return () => {
      clearTimeout(timer)
      setIsLate(false)
    }
  }, [isSettled, lateAfterMs])
  return isSettled || isLate ? value : last
}
