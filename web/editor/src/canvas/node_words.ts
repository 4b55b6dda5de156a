/** What any node, whoever made it, is called and shows of itself. PURE. */

export type NodeData = Readonly<Record<string, unknown>>

export interface Row {
  label: string
  value: string
}

/** Kinds of node that say how another editor draws it, not what it does. */
const DRAWN_AS = /^(custom|customnode|default|agentflow|buttonedge|genericnode|base|node)$/i
const NAMES = ['label', 'title', 'name'] as const
/** What describes the kind of a node instead of this one. */
const ABOUT_THE_KIND = new Set([
  ...NAMES,
  'id',
  'type',
  'version',
  'color',
  'icon',
  'category',
  'selected',
  'hideInput',
  'hideOutput',
  'filePath',
  'width',
  'height'
])
/** What only remembers which tab of a form was open. */
const ABOUT_A_FORM = /^selected|UI$/
const REFERENCE = /^\{\{.*\}\}$/s
/** What other editors write for a connection: drawn as an edge, and not typed. */
const CONNECTION = /^\{\{[\w-]+\.data\.\w+\}\}$/
const MAX_VALUE_CHARS = 240

/** The key of `data` that holds a node's name; `label` where it has none yet. */
export function nameKeyOf(data: NodeData): string {
  return NAMES.find((key) => textOf(data[key]) !== '') ?? 'label'
}

export function titleOf(data: NodeData, type: string | undefined, id: string): string {
  const title = textOf(data[nameKeyOf(data)])
  return title === '' ? kindOf(data, type) || id : title
}

/** `seqLLMNode` is “LLM Node” to its own editor: its data knows better than its React Flow type. */
export function kindOf(data: NodeData, type: string | undefined): string {
  const own = typeof data.type === 'string' ? data.type : ''
  if (type === undefined || DRAWN_AS.test(type)) return own
  return type
}

export function rowsOf(data: NodeData): Row[] {
  const inputs = objectOf(data.inputs) ?? objectOf(data.parameters) ?? objectOf(data.config)
  const labels = labelsOf(data.inputParams)
  const shown = { ...plainOf(data), ...(inputs ?? {}) }
  return inOrder(Object.entries(shown), labels).flatMap(([key, value]) => {
    const text = wordsOf(value)
    return text === '' || ABOUT_A_FORM.test(key)
      ? []
      : [{ label: labels.get(key) ?? wordsOfKey(key), value: text }]
  })
}

/** The key of `data` under which a note has its text; null where that lies deeper, or nowhere. */
export function noteKeyOf(data: NodeData): string | null {
  return ['note', 'text', 'content'].find((key) => typeof data[key] === 'string') ?? null
}

/** Texts that other editors keep one level deeper, with the names that these give them. */
export function settingsOf(data: NodeData): { group: string; key: string; row: Row }[] {
  const labels = labelsOf(data.inputParams)
  return ['inputs', 'parameters', 'config'].flatMap((group) =>
    inOrder(Object.entries(objectOf(data[group]) ?? {}), labels).flatMap(([key, value]) => {
      const isText = typeof value === 'string' && !CONNECTION.test(value) && !ABOUT_A_FORM.test(key)
      const label = labels.get(key)
      const name = label === undefined || label === '' ? wordsOfKey(key) : label
      return isText ? [{ group, key, row: { label: name, value } }] : []
    })
  )
}

/** What the handles that a node declares are called, by their ids. */
export function anchorLabelsOf(data: NodeData): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  const read = (anchors: unknown) => {
    if (!Array.isArray(anchors)) return
    for (const anchor of anchors as unknown[]) {
      const { id, label, options } = objectOf(anchor) ?? {}
      if (typeof id === 'string' && typeof label === 'string') labels.set(id, label)
      read(options)
    }
  }
  read(data.inputAnchors)
  read(data.outputAnchors)
  return labels
}

/** The text on a note. */
export function noteOf(data: NodeData): string {
  const inputs = objectOf(data.inputs)
  for (const value of [inputs?.note, data.note, data.text, data.content, data.label]) {
    if (textOf(value) !== '') return textOf(value)
  }
  return ''
}

export function isNote(type: string | undefined, data: NodeData): boolean {
  return /note|comment|annotation/i.test(
    `${type ?? ''} ${typeof data.type === 'string' ? data.type : ''}`
  )
}

/** `llmNodeName` is “Llm node name”. */
export function wordsOfKey(key: string): string {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .trim()
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}

function plainOf(data: NodeData): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data).filter(
      ([key, value]) =>
        !ABOUT_THE_KIND.has(key) &&
        (typeof value !== 'object' || value === null) &&
        // An instance of another editor's kind describes the kind at length.
        !(key === 'description' && 'inputParams' in data)
    )
  )
}

/** As their editor declares them, then by name: the document's maps have no order of their own. */
export function inOrder(
  entries: [string, unknown][],
  declared: ReadonlyMap<string, unknown> = new Map()
): [string, unknown][] {
  const places = new Map([...declared.keys()].map((key, place) => [key, place]))
  const placeOf = (key: string) => places.get(key) ?? Infinity
  return [...entries].sort(([a], [b]) => {
    const [left, right] = [placeOf(a), placeOf(b)]
    if (left !== right) return left < right ? -1 : 1
    return a < b ? -1 : 1
  })
}

function labelsOf(params: unknown): ReadonlyMap<string, string> {
  if (!Array.isArray(params)) return new Map()
  return new Map(
    params.flatMap((param: unknown) => {
      const { name, label } = (objectOf(param) ?? {}) as { name?: unknown; label?: unknown }
      return typeof name === 'string' && typeof label === 'string' ? [[name, label] as const] : []
    })
  )
}

function wordsOf(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  if (typeof value !== 'string' || REFERENCE.test(value)) return ''
  const words = value
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return words.length > MAX_VALUE_CHARS ? `${words.slice(0, MAX_VALUE_CHARS)}…` : words
}

function objectOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}
