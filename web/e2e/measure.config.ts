/** `npm run measure`: no test, but with the harness of the tests. */

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['measure.ts'],
    globalSetup: ['harness/global_setup.ts'],
    disableConsoleIntercept: true
  }
})
