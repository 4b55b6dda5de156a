/** How a row comes and goes: it opens the room that it needs, so that nothing jumps. */
import { useReducedMotion } from 'motion/react'

const ease = [0.2, 0.8, 0.2, 1] as const

export function useEntrance() {
  const isReduced = useReducedMotion()
  return {
    initial: { opacity: 0, height: 0 },
    animate: { opacity: 1, height: 'auto' },
    exit: { opacity: 0, height: 0 },
    transition: { duration: isReduced === true ? 0 : 0.18, ease },
    style: { overflow: 'hidden' }
  } as const
}
