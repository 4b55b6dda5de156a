/** Which nodes a view can hold that is as far away as it goes: one that lies far off leaves the rest in sight. PURE. */

interface Size {
  width: number
  height: number
}

export interface Placed {
  id: string
  /** The middle of a node. */
  x: number
  y: number
}

/** Room for half of a node and the margin on each side. */
const INNER = 0.8

/** All ids if all fit; else those about the one in the middle of most. */
export function inSightOf(nodes: readonly Placed[], { width, height }: Size): string[] {
  const fits = (far: number, room: number) => far <= room * INNER
  const [xs, ys] = [sorted(nodes.map(({ x }) => x)), sorted(nodes.map(({ y }) => y))]
  const isSeen = fits(extentOf(xs), width) && fits(extentOf(ys), height)
  const [x, y] = [medianOf(xs), medianOf(ys)]
  const center = nodes.toSorted((a, b) => distance(a, { x, y }) - distance(b, { x, y }))[0]
  if (isSeen || center === undefined) return nodes.map(({ id }) => id)
  return nodes
    .filter(
      (each) =>
        fits(2 * Math.abs(each.x - center.x), width) &&
        fits(2 * Math.abs(each.y - center.y), height)
    )
    .map(({ id }) => id)
}

function sorted(places: readonly number[]): readonly number[] {
  return places.toSorted((a, b) => a - b)
}

function extentOf(places: readonly number[]): number {
  return (places.at(-1) ?? 0) - (places[0] ?? 0)
}

function medianOf(places: readonly number[]): number {
  return places[Math.floor((places.length - 1) / 2)] ?? 0
}

function distance(a: { x: number; y: number }, b: { x: number; y: number }): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}
