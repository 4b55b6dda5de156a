/** Undo and redo of one's own edits, one step for each thing done. */

import * as Y from 'yjs'
import { EDGES, META, NODES } from '../flow/read_graph'
import { keptOf, sharedIn, type Step } from './others_work'
import { ValueStore, type Store } from './store'

const NOTHING: ReadonlySet<string> = new Set()

export interface HistoryState {
  canUndo: boolean
  canRedo: boolean
}

export interface HistoryRules {
  /** Of the edits that undo is for. */
  origin: unknown
  mayEdit(): boolean
  /** False for what others have locked by now: to take it away would cost the whole document. */
  mayTakeAway(type: 'node' | 'edge', id: string): boolean
}

export class History {
  readonly state = new ValueStore<HistoryState>(
    { canUndo: false, canRedo: false },
    (a, b) => a.canUndo === b.canUndo && a.canRedo === b.canRedo
  )
  readonly #rules: HistoryRules
  readonly #stopFollowing: () => void
  #manager: Y.UndoManager
  #isInStep = false
  /** The steps that are being undone or redone, and what of the one at hand is not taken away. */
  #running: { steps: readonly Step[]; stack: readonly Step[] } | null = null
  #kept: { step: Step; entries: ReadonlySet<Y.Item> } | null = null
  /** Names of what was restored with others' work in it. */
  readonly #shared = new Set<string>()

  constructor(document: Store<Y.Doc>, rules: HistoryRules) {
    this.#rules = rules
    this.#manager = this.#managerOf(document.get())
    this.#stopFollowing = document.subscribe(() => {
      this.#manager.destroy()
      this.#shared.clear()
      this.#manager = this.#managerOf(document.get())
      this.#tell()
    })
  }

  undo(): void {
    this.#run(this.#manager.undoStack, () => this.#manager.undo())
  }

  redo(): void {
    this.#run(this.#manager.redoStack, () => this.#manager.redo())
  }

  /** What is edited in this turn of the event loop is one step of its own. */
  beginStep(): void {
    if (this.#isInStep) return
    this.#isInStep = true
    this.#manager.stopCapturing()
    queueMicrotask(() => {
      this.#isInStep = false
      this.separate()
    })
  }

  /** What comes next does not belong to the step before, however soon. */
  separate(): void {
    this.#manager.stopCapturing()
  }

  destroy(): void {
    this.#stopFollowing()
    this.#manager.destroy()
  }

  #managerOf(doc: Y.Doc): Y.UndoManager {
    const scope = [doc.getMap(NODES), doc.getMap(EDGES), doc.getMap(META)]
    const manager = new Y.UndoManager(scope, {
      trackedOrigins: new Set([this.#rules.origin]),
      deleteFilter: (item) => {
        const entry = entryOf(doc, item)
        if (entry === null) return true
        const { type, id } = entry
        return this.#rules.mayTakeAway(type, id) && !this.#keeps(doc, entry.item)
      }
    })
    manager.on('stack-item-popped', ({ stackItem, type }) => {
      if (type === 'undo') for (const name of sharedIn(doc, stackItem)) this.#shared.add(name)
    })
    for (const event of ['stack-item-added', 'stack-item-popped', 'stack-cleared'] as const) {
      manager.on(event, () => this.#tell())
    }
    return manager
  }

  #run(stack: readonly Step[], change: () => void): void {
    if (!this.#rules.mayEdit()) return
    this.#running = { steps: [...stack], stack }
    change()
    this.#running = this.#kept = null
    // Of a step that could not be undone Yjs says nothing.
    this.#tell()
  }

  /** Whether the step at hand has made this node or edge, and others have worked on it since. */
  #keeps(doc: Y.Doc, entry: Y.Item): boolean {
    if (this.#running === null) return false
    // Yjs takes a step from its stack before it asks what may be deleted.
    const { steps, stack } = this.#running
    const step = steps[stack.length]
    if (step === undefined) return false
    if (this.#kept?.step !== step) {
      // What redo deletes again was restored as it had been deleted: others' work in it, too.
      const shared = stack === this.#manager.undoStack ? this.#shared : NOTHING
      this.#kept = { step, entries: keptOf(doc, step, shared) }
    }
    return this.#kept.entries.has(entry)
  }

  #tell(): void {
    this.state.set({ canUndo: this.#manager.canUndo(), canRedo: this.#manager.canRedo() })
  }
}

/** The node or edge that an item is of, or is a part of. */
function entryOf(
  doc: Y.Doc,
  item: Y.Item
): { type: 'node' | 'edge'; id: string; item: Y.Item } | null {
  let top = item
  while (top.parent instanceof Y.AbstractType && top.parent._item !== null) top = top.parent._item
  const id = top.parentSub
  if (id === null) return null
  if (top.parent === doc.getMap(NODES)) return { type: 'node', id, item: top }
  return top.parent === doc.getMap(EDGES) ? { type: 'edge', id, item: top } : null
}
