/** Who uses this browser: a name in dev mode, a token otherwise, and what share links have given. */

const USER = 'coflow.user'
const TOKEN = 'coflow.token'
const GUEST = 'coflow.guest.'

/** Somebody who came by a share link, in one workflow. */
export interface Guest {
  shareId: string
  userId: string
  name: string
  token: string
}

const listeners = new Set<() => void>()
let version = 0

function changed(): void {
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

/**
 * Take what the address says of the user: `?user_id=` for this tab, `#token=` for this tab.
 * The token leaves the address before anything else can read, store or show it.
 */
export function takeFromAddress(): void {
  const url = new URL(window.location.href)
  const userId = url.searchParams.get('user_id')?.trim()
  if (userId) sessionStorage.setItem(USER, userId)
  const token = new URLSearchParams(url.hash.slice(1)).get('token')
  if (token === null) return
  if (token !== '') sessionStorage.setItem(TOKEN, token)
  url.hash = ''
  window.history.replaceState(window.history.state, '', url)
}

/** Of dev mode: this tab's, else this browser's. The name is the id there. */
export function devUser(): string | null {
  return sessionStorage.getItem(USER) ?? localStorage.getItem(USER)
}

export function setDevUser(name: string): void {
  sessionStorage.removeItem(USER)
  localStorage.setItem(USER, name)
  changed()
}

export function userToken(): string | null {
  return sessionStorage.getItem(TOKEN)
}

export function setUserToken(token: string): void {
  sessionStorage.setItem(TOKEN, token)
  changed()
}

export function signOut(): void {
  sessionStorage.removeItem(USER)
  localStorage.removeItem(USER)
  sessionStorage.removeItem(TOKEN)
  changed()
}

export function guestOf(workflowId: string): Guest | null {
  const stored = localStorage.getItem(GUEST + workflowId)
  if (stored === null) return null
  try {
    return JSON.parse(stored) as Guest
  } catch {
    return null
  }
}

export function setGuest(workflowId: string, guest: Guest | null): void {
  if (guest === null) localStorage.removeItem(GUEST + workflowId)
  else localStorage.setItem(GUEST + workflowId, JSON.stringify(guest))
  changed()
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
