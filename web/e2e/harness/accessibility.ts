/** axe-core in a page: what it finds serious or critical fails the test. */

import axe from 'axe-core'
import type { Page } from 'playwright-core'

type AxePlugin = typeof axe

interface Finding {
  impact: string
  rule: string
  help: string
  places: string[]
}

export interface AccessibilityOptions {
  /** Only what is in these elements; default: all of the page. */
  within?: string
  /** Elements that are left out, with a reason beside the call. */
  except?: string[]
}

export async function checkAccessibility(
  page: Page,
  options: AccessibilityOptions = {}
): Promise<void> {
  // Evaluated from outside of the page: its policy runs no scripts but the server's.
  await page.evaluate(axe.source)
  const findings = await page.evaluate(async ({ within, except }): Promise<Finding[]> => {
    const { axe } = globalThis as unknown as { axe: AxePlugin }
    const context = { include: [[within ?? 'html']], exclude: (except ?? []).map((one) => [one]) }
    const { violations } = await axe.run(context, { resultTypes: ['violations'] })
    return violations.map((violation) => ({
      impact: violation.impact ?? 'minor',
      rule: violation.id,
      help: violation.help,
      places: violation.nodes.map(
        (node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`
      )
    }))
  }, options)
  const grave = findings.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  if (grave.length > 0) throw new Error(`axe found\n${grave.map(told).join('\n')}`)
}

function told({ impact, rule, help, places }: Finding): string {
  return `- ${impact} ${rule}: ${help}\n${places.map((place) => `    ${place.replace(/\s+/g, ' ')}`).join('\n')}`
}
