/** A node in the inspector, and what is typed there. */

import type { Locator, Page } from 'playwright-core'
import { node } from './canvas'

export function nameField(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Name', exact: true })
}

export async function select(page: Page, id: string): Promise<void> {
  await node(page, id).click()
  await nameField(page).waitFor()
}
