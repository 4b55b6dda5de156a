/** Whether two JSON values, or two lists of unchanged things, are the same. */

export function isEqualJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keysOfA = Object.keys(a)
  if (keysOfA.length !== Object.keys(b).length) return false
  return keysOfA.every(
    (key) =>
      Object.hasOwn(b, key) &&
      isEqualJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])
  )
}

/** `next` with the objects of `previous` wherever they say the same, and `previous` itself if all do. */
export function keepIdentity<T>(
  previous: readonly T[],
  next: readonly T[],
  keyOf: (item: T) => string
): readonly T[] {
  const known = new Map(previous.map((item) => [keyOf(item), item]))
  const kept = next.map((item) => {
    const before = known.get(keyOf(item))
    return before !== undefined && isEqualJson(before, item) ? before : item
  })
  return kept.length === previous.length && kept.every((item, i) => item === previous[i])
    ? previous
    : kept
}
