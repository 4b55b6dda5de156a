/** Times as people say them: "active now", "2 min ago", "29:41 left". */

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

export function agoLabel(atMs: number, nowMs: number): string {
  const ago = nowMs - atMs
  if (ago < minute) return 'just now'
  if (ago < hour) return `${Math.floor(ago / minute)} min ago`
  if (ago < day) return `${Math.floor(ago / hour)} h ago`
  if (ago < 7 * day) return `${Math.floor(ago / day)} d ago`
  return new Date(atMs).toLocaleDateString(undefined, { day: 'numeric', month: 'short' })
}

export function activeLabel(lastActiveMs: number, nowMs: number): string {
  return nowMs - lastActiveMs < minute ? 'active now' : agoLabel(lastActiveMs, nowMs)
}

/** What is left of a lock: minutes and seconds in its last hour, coarser before. */
export function timeLeftLabel(expiresAtMs: number, nowMs: number): string {
  const left = Math.max(0, Math.ceil((expiresAtMs - nowMs) / second)) * second
  if (left >= day) return `${Math.floor(left / day)} d ${Math.floor((left % day) / hour)} h left`
  if (left >= hour)
    return `${Math.floor(left / hour)} h ${Math.floor((left % hour) / minute)} min left`
  const seconds = String((left % minute) / second).padStart(2, '0')
  return `${Math.floor(left / minute)}:${seconds} left`
}

/** When a link ends. */
export function expiryLabel(expiresAtMs: number | null, nowMs: number): string {
  if (expiresAtMs === null) return 'never expires'
  const left = expiresAtMs - nowMs
  if (left <= 0) return 'expired'
  const [count, unit] =
    left < hour
      ? [Math.ceil(left / minute), 'minute']
      : left < 2 * day
        ? [Math.round(left / hour), 'hour']
        : [Math.round(left / day), 'day']
  return `expires in ${count} ${unit}${count === 1 ? '' : 's'}`
}
