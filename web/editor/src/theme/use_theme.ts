/** The theme that is shown, and how to choose another. */

import { useSyncExternalStore } from 'react'
import { isDark, setTheme, storedTheme, subscribeToTheme } from './theme'

export function useTheme() {
  const dark = useSyncExternalStore(subscribeToTheme, () => isDark(storedTheme()))
  const theme = useSyncExternalStore(subscribeToTheme, storedTheme)
  return { theme, dark, setTheme }
}
