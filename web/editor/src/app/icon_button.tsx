/** A button that is an icon, with its name for those who hover over it or cannot see it. */

import { Tooltip } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'

interface Props extends Omit<ComponentProps<'button'>, 'children'> {
  label: string
  /** Shown after the name, such as `V`. */
  shortcut?: string
  side?: 'top' | 'bottom'
  children: ReactNode
}

export function IconButton({ label, shortcut, side = 'bottom', children, ...rest }: Props) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>
        <button
          type="button"
          aria-label={label}
          {...rest}
          className={`coflow-icon-button ${rest.className ?? ''}`}
        >
          {children}
        </button>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="coflow-hint" side={side} sideOffset={8} collisionPadding={8}>
          {label}
          {shortcut !== undefined && <kbd>{shortcut}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
}
