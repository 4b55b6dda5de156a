/** What the server says of itself, asked once: how people prove who they are. */

export interface ServerInfo {
  version: string | null
  authMode: 'dev' | 'jwt'
}

let asked: Promise<ServerInfo> | null = null

/** Rejects when the server cannot be reached; asking again then asks the server again. */
export function serverInfo(): Promise<ServerInfo> {
  asked ??= ask().catch((error: unknown) => {
    asked = null
    throw error
  })
  return asked
}

async function ask(): Promise<ServerInfo> {
  const answer = await fetch('/api/server', { headers: { Accept: 'application/json' } })
  // A server that does not tell is one for development.
  if (answer.status === 404) return { version: null, authMode: 'dev' }
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`)
  const body = (await answer.json()) as { version?: string; auth_mode?: string }
  return { version: body.version ?? null, authMode: body.auth_mode === 'jwt' ? 'jwt' : 'dev' }
}
