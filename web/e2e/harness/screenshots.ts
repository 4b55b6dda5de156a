/** Pictures of the editor: kept out of git; `npm run images` copies those that the docs show. */

import type { Page, PageScreenshotOptions } from 'playwright-core'
import { SCREENSHOTS } from './paths'

/** Save `web/e2e/screenshots/{name}.png`, without a blinking caret. */
export async function takeScreenshot(
  page: Page,
  name: string,
  options: Omit<PageScreenshotOptions, 'path'> = {}
): Promise<void> {
  await page.screenshot({ caret: 'hide', ...options, path: `${SCREENSHOTS}/${name}.png` })
}
