/** Undo and redo of one's own edits, one step for each thing done. */

import * as Y from 'yjs'
import { ValueStore, type Store } from './store'

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

  constructor(document: Store<Y.Doc>, rules: HistoryRules) {
    this.#rules = rules
    this.#manager = this.#managerOf(document.get())
    this.#stopFollowing = document.subscribe(() => {
      this.#manager.destroy()
      this.#manager = this.#managerOf(document.get())
      this.#tell()
    })
  }

  undo(): void {
    if (this.#rules.mayEdit()) this.#manager.undo()
  }

  redo(): void {
    if (this.#rules.mayEdit()) this.#manager.redo()
  }

  /** What is edited in this turn of the event loop is one step of its own. */
  beginStep(): void {
    if (this.#isInStep) return
    this.#isInStep = true
    this.#manager.stopCapturing()
    queueMicrotask(() => {
      this.#isInStep = false
      // Nor does what comes next belong to it, however soon.
      this.#manager.stopCapturing()
    })
  }

  destroy(): void {
    this.#stopFollowing()
    this.#manager.destroy()
  }

  #managerOf(doc: Y.Doc): Y.UndoManager {
    const scope = [doc.getMap('nodes'), doc.getMap('edges'), doc.getMap('meta')]
    const manager = new Y.UndoManager(scope, {
      trackedOrigins: new Set([this.#rules.origin]),
      deleteFilter: (item) => {
        const entry = entryOf(doc, item)
        return entry === null || this.#rules.mayTakeAway(entry.type, entry.id)
      }
    })
    for (const event of ['stack-item-added', 'stack-item-popped', 'stack-cleared'] as const) {
      manager.on(event, () => this.#tell())
    }
    return manager
  }

  #tell(): void {
    this.state.set({ canUndo: this.#manager.canUndo(), canRedo: this.#manager.canRedo() })
  }
}

/** The node or edge that an item is of, or is a part of. */
function entryOf(doc: Y.Doc, item: Y.Item): { type: 'node' | 'edge'; id: string } | null {
  let top = item
  while (top.parent instanceof Y.AbstractType && top.parent._item !== null) top = top.parent._item
  const id = top.parentSub
  if (id === null) return null
  if (top.parent === doc.getMap('nodes')) return { type: 'node', id }
  return top.parent === doc.getMap('edges') ? { type: 'edge', id } : null
}
