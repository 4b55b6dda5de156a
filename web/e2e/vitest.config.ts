/** Browser tests: each file has a server and a Chromium of its own, and every wait an end. */

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    globalSetup: ['harness/global_setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 90_000,
    teardownTimeout: 20_000,
    // Other people's edits take their time on a busy machine.
    expect: { poll: { timeout: 15_000, interval: 50 } },
    // Two cores: a server and a Chromium keep one busy.
    maxWorkers: 2,
    reporters: ['default']
  }
})
