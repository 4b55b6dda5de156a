/** The present time for labels: one clock for all who show it, which ticks only while somebody looks. */
import { useSyncExternalStore } from 'react'

class Clock {
  private readonly listeners = new Set<() => void>()
  private timer: ReturnType<typeof setInterval> | undefined
  private now = Date.now()

  constructor(private readonly periodMs: number) {}

  readonly get = (): number => this.now

  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.listeners.size === 0) {
      this.now = Date.now()
      this.timer = setInterval(() => {
        this.now = Date.now()
        for (const each of this.listeners) each()
      }, this.periodMs)
    }
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
      if (this.listeners.size === 0) clearInterval(this.timer)
    }
  }
}

const clocks = { second: new Clock(1000), tenSeconds: new Clock(10_000) }

/** Milliseconds since 1970, renewed at that pace. */
export function useNow(pace: keyof typeof clocks): number {
  const clock = clocks[pace]
  return useSyncExternalStore(clock.subscribe, clock.get, clock.get)
}
