/** The keys of the canvas, on one sheet. */

import { X } from 'lucide-react'
import { Dialog } from 'radix-ui'
import { useReturnFocus } from '../app/use_return_focus'
import { useCanvasState } from './canvas_state'

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent)
const mod = isApple ? '⌘' : 'Ctrl'

const groups: readonly (readonly [string, readonly (readonly [string, readonly string[]])[]])[] = [
  [
    'Tools',
    [
      ['Select', ['V']],
      ['Hand', ['H']],
      ['Add a step', ['N']],
      ['Comment', ['C']],
      ['Stop, close, deselect', ['Esc']]
    ]
  ],
  [
    'Editing',
    [
      ['Undo', [mod, 'Z']],
      ['Redo', [mod, 'Shift', 'Z']],
      ['Copy, cut, paste', [mod, 'C / X / V']],
      ['Duplicate', [mod, 'D']],
      ['Select all', [mod, 'A']],
      ['Delete', ['Del']],
      ['Move, move far', ['←↑↓→', 'Shift']]
    ]
  ],
  [
    'Without a pointer',
    [
      ['Next step, edge or comment', ['Tab']],
      ['Select', ['Enter']],
      ['Into its fields, and back', ['Enter', 'Esc']],
      ['Connect to…', ['L']],
      ['Comment on it', ['C', 'Enter']],
      ['Add or comment in the middle', ['N / C', 'Enter']],
      ['Follow a person', ['Tab', 'Enter']]
    ]
  ],
  [
    'View',
    [
      ['Move around', ['Scroll']],
      ['Move around, far', ['←↑↓→', 'Shift']],
      ['Zoom', [mod, 'Scroll']],
      ['Move around by hand', ['Space', 'Drag']]
    ]
  ]
]

export function HelpDialog() {
  const returnFocus = useReturnFocus()
  const { isHelpShown, setHelpShown } = useCanvasState()
  return (
    <Dialog.Root open={isHelpShown} onOpenChange={setHelpShown}>
      <Dialog.Portal>
        <Dialog.Overlay className="coflow-overlay" />
        <Dialog.Content
          className="coflow-dialog ed-help"
          aria-describedby={undefined}
          {...returnFocus}
        >
          <header className="ed-help__head">
            <Dialog.Title className="coflow-dialog__title">Keys</Dialog.Title>
            <Dialog.Close className="coflow-icon-button" aria-label="Close">
              <X />
            </Dialog.Close>
          </header>
          <div className="ed-help__groups">
            {groups.map(([title, keys]) => (
              <section key={title}>
                <h2>{title}</h2>
                <dl>
                  {keys.map(([what, pressed]) => (
                    <div key={what}>
                      <dt>{what}</dt>
                      <dd>
                        {pressed.map((key) => (
                          <kbd key={key}>{key}</kbd>
                        ))}
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
