/** The token that REST and the socket share, and how a fresh one is come by. */

import type { TokenSource } from '../types'

const ANSWER_WITHIN_MS = 30_000

export class Credentials {
  /** Told of each token before anybody uses it. */
  onToken: (token: string) => void = () => undefined
  #source: TokenSource | undefined
  #current: Promise<string> | null = null

  constructor(source: TokenSource | undefined) {
    this.#source = source
  }

  get hasToken(): boolean {
    return this.#source !== undefined
  }

  /** A static token stays what it is. */
  get canRefresh(): boolean {
    return typeof this.#source === 'function'
  }

  /** For the next time that a token is asked for. True if that is another token for certain. */
  setSource(source: TokenSource): boolean {
    const isOther = typeof source === 'string' && source !== this.#source
    if (isOther) this.#current = null
    this.#source = source
    return isOther
  }

  /** Rejects with what the application's function rejects with; the next call asks it again. */
  token(): Promise<string> {
    const source = this.#source
    if (source === undefined) return Promise.reject(new Error('There is no token source.'))
    if (this.#current === null) {
      const asked = (async () => {
        const token = typeof source === 'string' ? source : await answerOf(source)
        this.onToken(token)
        return token
      })()
      this.#current = asked
      asked.catch(() => {
        if (this.#current === asked) this.#current = null
      })
    }
    return this.#current
  }

  /** A token other than `expired`: many may ask at once for one that has ended, and share the answer. */
  async refresh(expired: string): Promise<string> {
    if (this.canRefresh) {
      const known = this.token()
      const isExpired = (await known.catch(() => expired)) === expired
      // Else somebody else who has waited has asked already.
      if (isExpired && this.#current === known) this.#current = null
    }
    return this.token()
  }
}

/** The application's function may fail in any way; the next time it is asked again. */
async function answerOf(source: () => string | Promise<string>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<never>((_, reject) => {
    const end = () => reject(new Error('The token function has not answered for 30 seconds.'))
    timer = setTimeout(end, ANSWER_WITHIN_MS)
  })
  try {
    const token: unknown = await Promise.race([source(), limit])
    if (typeof token === 'string' && token !== '') return token
    throw new Error('The token function has answered without a token.')
  } finally {
    clearTimeout(timer)
  }
}

export interface TokenClaims {
  sub?: string
  name?: string
  workflows: Readonly<Record<string, string>>
}

/** What a JWT says of its bearer. Unverified, as the client cannot: for display alone. */
export function claimsOf(token: string): TokenClaims {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0))
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    const { sub, name, workflows } = claims
    return {
      ...(typeof sub === 'string' && { sub }),
      ...(typeof name === 'string' && { name }),
      workflows:
        typeof workflows === 'object' && workflows !== null
          ? (workflows as Record<string, string>)
          : {}
    }
  } catch {
    return { workflows: {} }
  }
}
