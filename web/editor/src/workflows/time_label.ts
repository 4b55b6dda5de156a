/** A time in the past as a list says it: “just now”, “5 minutes ago”, “yesterday”, “3 Mar”. */

const units: readonly [Intl.RelativeTimeFormatUnit, number, number][] = [
  ['minute', 60_000, 60],
  ['hour', 3_600_000, 24],
  ['day', 86_400_000, 7]
]

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

export function timeLabel(atMs: number, nowMs = Date.now()): string {
  const agoMs = nowMs - atMs
  if (agoMs < 60_000) return 'just now'
  for (const [unit, lengthMs, limit] of units) {
    const count = Math.floor(agoMs / lengthMs)
    if (count < limit) return relative.format(-count, unit)
  }
  return new Date(atMs).toLocaleDateString('en', {
    day: 'numeric',
    month: 'short',
    ...(agoMs > 300 * 86_400_000 && { year: 'numeric' })
  })
}
