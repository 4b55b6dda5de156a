/** Undo and redo of one's own edits, one step for each thing done. */

import * as Y from 'yjs'
import { ValueStore, type Store } from './store'

export interface HistoryState {
  canUndo: boolean
  canRedo: boolean
}

export class History {
  readonly state = new ValueStore<HistoryState>(
    { canUndo: false, canRedo: false },
    (a, b) => a.canUndo === b.canUndo && a.canRedo === b.canRedo
  )
  readonly #origin: unknown
  readonly #mayEdit: () => boolean
  readonly #stopFollowing: () => void
  #manager: Y.UndoManager
  #isInStep = false

  constructor(document: Store<Y.Doc>, origin: unknown, mayEdit: () => boolean) {
    this.#origin = origin
    this.#mayEdit = mayEdit
    this.#manager = this.#managerOf(document.get())
    this.#stopFollowing = document.subscribe(() => {
      this.#manager.destroy()
      this.#manager = this.#managerOf(document.get())
      this.#tell()
    })
  }

  undo(): void {
    if (this.#mayEdit()) this.#manager.undo()
  }

  redo(): void {
    if (this.#mayEdit()) this.#manager.redo()
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
    const manager = new Y.UndoManager(scope, { trackedOrigins: new Set([this.#origin]) })
    for (const event of ['stack-item-added', 'stack-item-popped', 'stack-cleared'] as const) {
      manager.on(event, () => this.#tell())
    }
    return manager
  }

  #tell(): void {
    this.state.set({ canUndo: this.#manager.canUndo(), canRedo: this.#manager.canRedo() })
  }
}
