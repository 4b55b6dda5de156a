/** Wait for a condition, never for a time. */

const LOOK_EVERY_MS = 10

export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 20_000
): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
