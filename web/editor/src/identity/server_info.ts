/** What the server says of itself, asked once, and remembered for when it cannot be reached. */

export interface ServerInfo {
  version: string | null
  authMode: 'dev' | 'jwt'
}

const KEY = 'coflow.server'
const ANSWER_WITHIN_MS = 4_000

let asked: Promise<ServerInfo> | null = null
let answered: ServerInfo | null = null

/** What `serverInfo` resolves to, if it has. */
export function knownServerInfo(): ServerInfo | null {
  return answered
}

/** Rejects when the server was never reached from here; asking again then asks the server again. */
export function serverInfo(): Promise<ServerInfo> {
  asked ??= ask().then(remember, (error: unknown) => {
    asked = null
    // A copy of the workflow may be on this device, and opens without the server too.
    const known = remembered()
    if (known === null) throw error
    return known
  })
  return asked
}

function remember(info: ServerInfo): ServerInfo {
  answered = info
  localStorage.setItem(KEY, JSON.stringify(info))
  return info
}

function remembered(): ServerInfo | null {
  const stored = localStorage.getItem(KEY)
  return stored === null ? null : (JSON.parse(stored) as ServerInfo)
}

async function ask(): Promise<ServerInfo> {
  const answer = await fetch('/api/server', {
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS)
  })
  // A server that does not tell is one for development.
  if (answer.status === 404) return { version: null, authMode: 'dev' }
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`)
  const body = (await answer.json()) as { version?: string; auth_mode?: string }
  return { version: body.version ?? null, authMode: body.auth_mode === 'jwt' ? 'jwt' : 'dev' }
}
