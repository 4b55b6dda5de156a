/** A button that shows an icon alone, and says its name to the hand that rests and to screen readers. */
import type { ComponentPropsWithoutRef, ReactNode } from 'react'
import { Hint, type HintProps } from './hint'

export interface IconButtonProps extends Omit<ComponentPropsWithoutRef<'button'>, 'children'> {
  label: string
  icon: ReactNode
  isSmall?: boolean
  shortcut?: string
  side?: HintProps['side']
}

export function IconButton({ label, icon, isSmall, shortcut, side, ...rest }: IconButtonProps) {
  return (
    <Hint text={label} shortcut={shortcut} {...(side === undefined ? {} : { side })}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        className={`coflow-icon-button${isSmall === true ? ' coflow-icon-button--small' : ''} ${rest.className ?? ''}`}
      >
        {icon}
      </button>
    </Hint>
  )
}
