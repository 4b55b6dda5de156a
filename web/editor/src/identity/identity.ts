/** Who uses this tab: by a name in dev mode, by a token otherwise. */

const USER = 'coflow.user'
const TOKEN = 'coflow.token'
/** Of a token that does not say whose it is; the server refuses it anyway. */
const UNNAMED = 'me'

const listeners = new Set<() => void>()
let version = 0

export function identityChanged(): void {
  version += 1
  for (const listener of listeners) listener()
}

export function subscribeToIdentity(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function identityVersion(): number {
  return version
}

/** Tells the other tabs who has signed out; each has its own memory of who uses it. */
const tabs = new BroadcastChannel('coflow.identity')
tabs.onmessage = ({ data }: MessageEvent<{ signedOut: string }>) => forgetUser(data.signedOut)

/**
 * Take what the address says of the user, `?user_id=` and `#token=`, for this tab: both leave the
 * address before anything else can read, store or show them. A tab that knows nobody begins with the
 * name that this browser was given last, and keeps it whatever other tabs do then.
 */
export function takeFromAddress(): void {
  const url = new URL(window.location.href)
  const userId = url.searchParams.get('user_id')?.trim()
  const token = new URLSearchParams(url.hash.slice(1)).get('token')
  const known = sessionStorage.getItem(USER) ?? localStorage.getItem(USER)
  if (userId) sessionStorage.setItem(USER, userId)
  else if (known !== null) sessionStorage.setItem(USER, known)
  if (token) sessionStorage.setItem(TOKEN, token)
  if (userId === undefined && token === null) return
  url.searchParams.delete('user_id')
  if (token !== null) url.hash = ''
  window.history.replaceState(window.history.state, '', url)
}

/** Of dev mode. The name is the id there. */
export function devUser(): string | null {
  // Empty: somebody has signed out here, and nobody takes their place unasked.
  return sessionStorage.getItem(USER) || null
}

export function setDevUser(name: string): void {
  sessionStorage.setItem(USER, name)
  localStorage.setItem(USER, name)
  identityChanged()
}

export function userToken(): string | null {
  return sessionStorage.getItem(TOKEN)
}

export function setUserToken(token: string): void {
  sessionStorage.setItem(TOKEN, token)
  identityChanged()
}

export function tokenUser(token: string): { userId: string; name: string } {
  const { sub = UNNAMED, name = sub } = claimsOf(token)
  return { userId: sub, name }
}

/** Nobody uses this tab any more; whoever it was stays signed in elsewhere. */
export function leaveTab(): void {
  sessionStorage.setItem(USER, '')
  sessionStorage.removeItem(TOKEN)
  identityChanged()
}

/** Sign a user out of all tabs of this browser. */
export function forgetUserEverywhere(userId: string): void {
  forgetUser(userId)
  tabs.postMessage({ signedOut: userId })
}

function forgetUser(userId: string): void {
  if (localStorage.getItem(USER) === userId) localStorage.removeItem(USER)
  const token = userToken()
  const isHere = devUser() === userId || (token !== null && tokenUser(token).userId === userId)
  if (isHere) leaveTab()
}

/** What a token says, unverified: good for showing a name, never for deciding anything. */
export function claimsOf(token: string): { sub?: string; name?: string; exp?: number } {
  try {
    const payload = token.split('.')[1] ?? ''
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (each) =>
      each.charCodeAt(0)
    )
    return JSON.parse(new TextDecoder().decode(bytes)) as ReturnType<typeof claimsOf>
  } catch {
    return {}
  }
}
