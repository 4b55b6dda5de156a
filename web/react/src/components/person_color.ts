/** A person's colour as custom properties, with a shade of it on which white text can be read. */
import type { CSSProperties } from 'react'

function channels(color: string): readonly [number, number, number] | null {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color)
  if (match === null) return null
  const [, r = '', g = '', b = ''] = match
  return [parseInt(r, 16), parseInt(g, 16), parseInt(b, 16)]
}

/** WCAG's relative luminance of sRGB channels from 0 to 255. */
function luminance(rgb: readonly number[]): number {
  const [r = 0, g = 0, b = 0] = rgb.map((channel) => {
    const part = channel / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** The lightest shade of `color` on which white has a contrast of 4.5:1, which small text needs. */
export function fillOf(color: string): string {
  const rgb = channels(color)
  if (rgb === null) return '#52525b'
  for (let share = 1; share > 0; share -= 0.02) {
    const shade = rgb.map((channel) => Math.round(channel * share))
    if (1.05 / (luminance(shade) + 0.05) >= 4.5) {
      return `#${shade.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
    }
  }
  return '#000000'
}

const styles = new Map<string, CSSProperties>()

/** `--coflow-person` for lines and dots, `--coflow-person-fill` behind text. */
export function personStyle(color: string): CSSProperties {
  let style = styles.get(color)
  if (style === undefined) {
    style = { '--coflow-person': color, '--coflow-person-fill': fillOf(color) } as CSSProperties
    styles.set(color, style)
  }
  return style
}
