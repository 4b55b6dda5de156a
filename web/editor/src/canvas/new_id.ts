/** Ids for new nodes and edges: no two editors ever make the same. */

const LENGTH = 10
const SYMBOLS = '0123456789abcdefghijklmnopqrstuvwxyz'

export function newId(prefix: string): string {
  // Not randomUUID, which a page over plain http has not got.
  const bytes = crypto.getRandomValues(new Uint8Array(LENGTH))
  const random = [...bytes].map((byte) => SYMBOLS[byte % SYMBOLS.length]).join('')
  return `${prefix}-${random}`
}
