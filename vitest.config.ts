import { defineConfig } from 'vitest/config'

/** From the kernel to the scenarios: pure, in memory, and without the built command. `vitest --project core` is seconds. */
const core = [
  'kernel',
  'lease',
  'log',
  'stores',
  'trace',
  'metrics',
  'invariants',
  'scenario',
  'scenarios',
  'jobs',
  'subject',
  'authority',
  'explore',
  'corpus',
].map((folder) => `test/${folder}/**/*.test.ts`)

export default defineConfig({
  test: {
    // Whole scenarios, and commands in processes of their own, on machines that are busy with other things.
    testTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'core', include: core } },
      {
        extends: true,
        test: {
          name: 'product',
          include: ['test/**/*.test.ts'],
          exclude: core,
          globalSetup: 'test/support/build.ts',
        },
      },
    ],
  },
})
