/** E-mail addresses as people type them: separated by commas, semicolons or white space, with names or without. */

export interface EmailAddresses {
  /** Each once, in the order in which they were typed. */
  valid: readonly string[]
  invalid: readonly string[]
}

// What browsers accept in <input type="email">, with a dot in the domain.
const pattern =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i

export function parseEmailAddresses(text: string): EmailAddresses {
  const parts = text
    .replace(/[^,;<>\n]*<([^<>]*)>/g, ' $1 ')
    .split(/[\s,;]+/)
    .filter((part) => part !== '')
  const once = [...new Map(parts.map((part) => [part.toLowerCase(), part])).values()]
  return {
    valid: once.filter((part) => pattern.test(part)),
    invalid: once.filter((part) => !pattern.test(part))
  }
}
