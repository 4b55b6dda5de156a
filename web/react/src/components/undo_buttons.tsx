/** Undo and redo of one's own changes, with the keys that everybody knows. */
import { Redo2, Undo2 } from 'lucide-react'
import { useEffect } from 'react'
import { useUndo } from '../hooks/use_undo'
import { IconButton } from './icon_button'
import { Scope, splitProps, type OptionalScopeProps } from './scope'
import '../styles/controls.css'
import './undo_buttons.css'

export interface UndoButtonsProps extends OptionalScopeProps {
  /** Leave the keys alone: the application has its own. */
  isWithoutShortcuts?: boolean
}

export function UndoButtons(props: UndoButtonsProps) {
  const { scope, rest } = splitProps(props)
  return (
    <Scope {...scope}>
      <Buttons {...rest} />
    </Scope>
  )
}

const isApple = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent)

function Buttons({ isWithoutShortcuts = false }: Pick<UndoButtonsProps, 'isWithoutShortcuts'>) {
  const { undo, redo, canUndo, canRedo } = useUndo()

  useEffect(() => {
    if (isWithoutShortcuts) return
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.altKey || isTyping(event.target)) return
      if (!(isApple ? event.metaKey : event.ctrlKey)) return
      const key = event.key.toLowerCase()
      const isRedo = (key === 'z' && event.shiftKey) || (key === 'y' && !isApple && !event.shiftKey)
      if (!isRedo && key !== 'z') return
      event.preventDefault()
      if (isRedo) redo()
      else undo()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [isWithoutShortcuts, undo, redo])

  return (
    <div className="coflow-undo" role="group" aria-label="History">
      <IconButton
        label="Undo"
        shortcut={isApple ? '⌘Z' : 'Ctrl+Z'}
        icon={<Undo2 aria-hidden />}
        aria-keyshortcuts={isApple ? 'Meta+Z' : 'Control+Z'}
        disabled={!canUndo}
        onClick={() => undo()}
      />
      <IconButton
        label="Redo"
        shortcut={isApple ? '⇧⌘Z' : 'Ctrl+Shift+Z'}
        icon={<Redo2 aria-hidden />}
        aria-keyshortcuts={isApple ? 'Shift+Meta+Z' : 'Control+Shift+Z'}
        disabled={!canRedo}
        onClick={() => redo()}
      />
    </div>
  )
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
