import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/build.ts',
    // Whole scenarios, and commands in processes of their own, on machines that are busy with other things.
    testTimeout: 60_000,
  },
})
