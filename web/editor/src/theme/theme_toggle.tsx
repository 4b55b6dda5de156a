/** One button that goes from light to dark and back; the system's choice holds until it is used. */

import { Moon, Sun } from 'lucide-react'
import { IconButton } from '../app/icon_button'
import { useTheme } from './use_theme'

export function ThemeToggle() {
  const { dark, setTheme } = useTheme()
  return (
    <IconButton
      label={dark ? 'Switch to light' : 'Switch to dark'}
      onClick={() => setTheme(dark ? 'light' : 'dark')}
    >
      {dark ? <Sun size={16} /> : <Moon size={16} />}
    </IconButton>
  )
}
