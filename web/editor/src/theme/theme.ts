/** Light, dark, or as the system has it: kept on this device, shown by `data-theme` on the root. */

export type Theme = 'system' | 'light' | 'dark'

const KEY = 'coflow.theme'
const systemIsDark = window.matchMedia('(prefers-color-scheme: dark)')

export function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

export function isDark(theme: Theme): boolean {
  return theme === 'system' ? systemIsDark.matches : theme === 'dark'
}

/** Always a definite theme on the root, so that every part of the page agrees which one it is. */
export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = isDark(theme) ? 'dark' : 'light'
  document.documentElement.style.colorScheme = isDark(theme) ? 'dark' : 'light'
  for (const listener of listeners) listener()
}

const listeners = new Set<() => void>()

export function subscribeToTheme(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function setTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, theme)
  applyTheme(theme)
}

systemIsDark.addEventListener('change', () => applyTheme(storedTheme()))
