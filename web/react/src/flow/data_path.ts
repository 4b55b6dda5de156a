/** Names of places in a node's `data`: a key of it, or a setting one level deeper. */

/**
 * `prompt` or `data.prompt`; `data.inputs.model` is the setting `model` of `inputs`: the first dot parts the two.
 * A list of the keys themselves, `['inputs', 'a.b']` or `['a.b']`, reaches those that hold dots.
 */
export type DataProperty = string | DataPath

export type DataPath = readonly [key: string] | readonly [key: string, setting: string]

export function dataPathOf(property: DataProperty): DataPath {
  if (typeof property !== 'string') return property
  const name = property.replace(/^data\./, '')
  const dot = name.indexOf('.')
  return dot === -1 ? [name] : [name.slice(0, dot), name.slice(dot + 1)]
}

/** As others see it in presence; the same for all ways to name one place. */
export function nameOf(property: DataProperty): string {
  return ['data', ...dataPathOf(property)].join('.')
}
