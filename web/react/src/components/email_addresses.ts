/** E-mail addresses as people type them: separated by commas, semicolons or white space, with names or without. */

export interface EmailAddresses {
  /** Each once, in the order in which they were typed. */
  valid: readonly string[]
  invalid: readonly string[]
}

// What browsers accept in <input type="email">, with a dot in the domain.
const pattern =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i

/** One address, or words without any, which belong together. */
const part = /\S*@\S*|(?:[^\s@]+(?:\s+|$))+/g

export function parseEmailAddresses(text: string): EmailAddresses {
  const parts = text
    .replace(/[^,;<>\n]*<([^<>]*)>/g, ' $1 ')
    .split(/[,;\n]+/)
    .flatMap((listed) => listed.match(part) ?? [])
    .map((each) => each.trim())
  const once = [...new Map(parts.map((each) => [each.toLowerCase(), each])).values()]
  return {
    valid: once.filter((each) => pattern.test(each)),
    invalid: once.filter((each) => !pattern.test(each))
  }
}
