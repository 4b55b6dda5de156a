/** Reading a file as React Flow JSON: what an export of this or another editor holds. */

export interface ImportedGraph {
  name: string
  nodes: unknown[]
  edges: unknown[]
  [member: string]: unknown
}

/** The server chooses the id, and a viewport is everybody's own. */
const NOT_IMPORTED: ReadonlySet<string> = new Set(['id', 'viewport'])

/** Rejects with an Error that says what is wrong with the file, for people. */
export async function importedGraph(file: File): Promise<ImportedGraph> {
  let parsed: unknown
  try {
    parsed = JSON.parse(await file.text())
  } catch {
    throw new Error(`“${file.name}” is not JSON.`)
  }
  const graph = graphWithin(parsed)
  if (graph === null) {
    throw new Error(`“${file.name}” holds no workflow: React Flow JSON has “nodes” and “edges”.`)
  }
  const { meta, nodes, edges, ...rest } = graph
  const named = { ...(isObject(meta) ? meta : {}), ...rest }
  const members = Object.entries(named).filter(([key]) => !NOT_IMPORTED.has(key))
  return {
    ...Object.fromEntries(members),
    name: typeof named.name === 'string' && named.name !== '' ? named.name : nameOf(file),
    nodes,
    edges: Array.isArray(edges) ? edges : []
  }
}

type Graph = Record<string, unknown> & { nodes: unknown[] }

/** Some exports wrap the graph once, as `{workflow: {nodes, edges}}`. */
function graphWithin(value: unknown): Graph | null {
  if (!isObject(value)) return null
  if (isGraph(value)) return value
  return Object.values(value).filter(isObject).find(isGraph) ?? null
}

function isGraph(value: Record<string, unknown>): value is Graph {
  return Array.isArray(value.nodes)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `human-in-the-loop.json` is “Human in the loop”. */
function nameOf(file: File): string {
  const words = file.name
    .replace(/\.json$/i, '')
    .replace(/[-_]+/g, ' ')
    .trim()
  return words === '' ? 'Imported workflow' : words.charAt(0).toUpperCase() + words.slice(1)
}
