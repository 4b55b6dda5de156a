/** Turns what happens around this user into notices: people, access, deletions, refused edits, a reset. */

import {
  graphOf,
  revertedLabel,
  useClient,
  useCollaboration,
  useConnectionStatus,
  useOthers,
  type CoflowClient,
  type Permission,
  type Reverted
} from '@coflow/react'
import { useEffect, useRef } from 'react'
import { titleOf } from '../canvas/node_words'
import { downloadJson } from './download_json'
import { useTell } from './notice_context'
import { useDeletions } from './use_deletions'

/** Those who were here before are no news: the list of them takes a moment. */
const SETTLED_MS = 2_000

/** A share may let edit without letting comment. */
function wordsOfRights(held: readonly Permission[]): string {
  if (held.includes('manage')) return 'You own this workflow now'
  if (held.includes('edit') && held.includes('comment')) return 'You can edit this workflow now'
  if (held.length === 1) return 'You can view this workflow now'
  return `You can ${held.slice(0, -1).join(', ')} and ${held.at(-1) ?? ''} now`
}

const modeWords = {
  parallel: 'Everybody can edit now',
  sequential: 'Editing goes in turns now',
  locked: 'One edits only what one has locked now'
}

export function useAnnouncements(): void {
  useArrivals()
  useAccess()
  useReverted()
  useReset()
  useDeletions()
}

function useArrivals(): void {
  const tell = useTell()
  const others = useOthers()
  const { status } = useConnectionStatus()
  const known = useRef<ReadonlyMap<string, string> | null>(null)
  const settlesAt = useRef(0)

  useEffect(() => {
    known.current = null
    settlesAt.current = Date.now() + SETTLED_MS
  }, [status])
  useEffect(() => {
    const now = new Map(others.map(({ userId, name }) => [userId, name]))
    const before = known.current
    known.current = now
    if (status !== 'connected' || before === null || Date.now() < settlesAt.current) return
    for (const [userId, name] of now) {
      if (!before.has(userId)) tell({ kind: 'info', title: `${name} joined` })
    }
    for (const [userId, name] of before) {
      if (!now.has(userId)) tell({ kind: 'info', title: `${name} left` })
    }
  }, [others, status, tell])
}

function useAccess(): void {
  const tell = useTell()
  const { permissions, session } = useCollaboration()
  const rights = permissions.length === 0 ? null : wordsOfRights(permissions)
  const lastRights = useRef<string | null>(null)
  const lastMode = useRef<string | null>(null)
  const mode = session?.mode ?? null

  useEffect(() => {
    if (rights !== null && lastRights.current !== null && rights !== lastRights.current) {
      tell({ kind: 'info', title: rights })
    }
    lastRights.current = rights ?? lastRights.current
  }, [rights, tell])
  useEffect(() => {
    if (mode !== null && lastMode.current !== null && mode !== lastMode.current) {
      tell({ kind: 'info', title: modeWords[mode] })
    }
    lastMode.current = mode ?? lastMode.current
  }, [mode, tell])
}

function useReverted(): void {
  const tell = useTell()
  const client = useClient()
  const { reverted } = useConnectionStatus()
  const told = useRef<unknown>(null)

  useEffect(() => {
    if (reverted === null || told.current === reverted) return
    told.current = reverted
    // What this user has deleted comes back by a reset, whose notice tells why.
    if (isKnown(client, reverted)) tell({ kind: 'warning', title: labelOf(client, reverted) })
  }, [reverted, client, tell])
}

function useReset(): void {
  const tell = useTell()
  const client = useClient()
  const { reset, dismissReset, workflowId } = useCollaboration()
  const { isLoaded } = useConnectionStatus()
  const told = useRef<unknown>(null)

  useEffect(() => {
    // The new document has the names of what was refused.
    if (reset === null || !isLoaded || told.current === reset) return
    told.current = reset
    const { unsavedContent, reverted } = reset
    const why = reverted.at(-1)
    tell({
      kind: 'warning',
      isLasting: true,
      title: 'Your copy had to be loaded anew',
      text: `${why === undefined ? 'It held edits that the rules do not allow' : labelOf(client, why)}. What was allowed of your work is kept.`,
      action: {
        label: 'Download what was not saved',
        run: () => {
          downloadJson(`${workflowId}-unsaved.json`, unsavedContent)
          dismissReset()
        }
      }
    })
  }, [reset, isLoaded, client, dismissReset, workflowId, tell])
}

function isKnown({ doc }: CoflowClient, { resources }: Reverted): boolean {
  const { nodes, edges } = graphOf(doc)
  const ids = new Set([...nodes, ...edges].map(({ id }) => id))
  return resources.some(({ type, id }) => type === 'workflow' || ids.has(id))
}

function labelOf(client: CoflowClient, reverted: Reverted): string {
  const { nodes } = graphOf(client.doc)
  return revertedLabel(reverted, {
    resource: ({ id }) => {
      const node = nodes.find((each) => each.id === id)
      return node === undefined ? undefined : titleOf(node.data, node.type, id)
    },
    person: (userId) => client.participants.get().find((each) => each.userId === userId)?.name
  })
}
