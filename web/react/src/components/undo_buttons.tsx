/** Undo and redo of one's own changes, with the keys that everybody knows. */
import { Redo2, Undo2 } from 'lucide-react'
import { useEffect, useSyncExternalStore } from 'react'
import { isApple, undoStepOf } from '../hooks/undo_keys'
import { useClient } from '../hooks/use_client'
import { useUndo } from '../hooks/use_undo'
import { IconButton } from './icon_button'
import { Scope, splitProps, type OptionalScopeProps } from './scope'
import '../styles/controls.css'
import './undo_buttons.css'

export interface UndoButtonsProps extends OptionalScopeProps {
  /** Leave the keys alone: the application has its own. */
  isWithoutShortcuts?: boolean | undefined
}

export function UndoButtons(props: UndoButtonsProps) {
  const { scope, rest } = splitProps(props)
  return (
    <Scope {...scope}>
      <Buttons {...rest} />
    </Scope>
  )
}

const neverChanges = () => () => undefined

function Buttons({ isWithoutShortcuts = false }: Pick<UndoButtonsProps, 'isWithoutShortcuts'>) {
  const { undo, redo, canUndo, canRedo } = useUndo()
  // What is shown agrees first with what a server has rendered, which knows nothing of the system.
  const hasAppleKeys = useSyncExternalStore(
    neverChanges,
    () => isApple,
    () => false
  )
  useShortcuts(!isWithoutShortcuts)

  return (
    <div className="coflow-undo" role="group" aria-label="History">
      <IconButton
        label="Undo"
        shortcut={hasAppleKeys ? '⌘Z' : 'Ctrl+Z'}
        icon={<Undo2 aria-hidden />}
        aria-keyshortcuts={hasAppleKeys ? 'Meta+Z' : 'Control+Z'}
        disabled={!canUndo}
        onClick={() => undo()}
      />
      <IconButton
        label="Redo"
        shortcut={hasAppleKeys ? '⇧⌘Z' : 'Ctrl+Shift+Z'}
        icon={<Redo2 aria-hidden />}
        aria-keyshortcuts={hasAppleKeys ? 'Shift+Meta+Z' : 'Control+Shift+Z'}
        disabled={!canRedo}
        onClick={() => redo()}
      />
    </div>
  )
}

/** Of several bars the first whose workflow has something to undo takes a key, and leaves it to nobody after. */
function useShortcuts(isOn: boolean): void {
  const client = useClient()
  useEffect(() => {
    if (!isOn) return
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target)) return
      const step = undoStepOf(event)
      const { canUndo, canRedo } = client.history.state.get()
      if (step === null || !(step === 'undo' ? canUndo : canRedo) || !client.canEdit()) return
      event.preventDefault()
      client.history[step]()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [client, isOn])
}

/** A field has an undo of its own, and a dialog covers what would be undone. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return (
    target.isContentEditable ||
    target.closest('input:not([type=radio], [type=checkbox]), textarea, select, [role=dialog]') !==
      null
  )
}
