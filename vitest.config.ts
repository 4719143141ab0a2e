import { defineConfig } from 'vitest/config'

/** From the kernel to the scenarios: pure, in memory, and without the built command. `vitest --project core` is seconds. */
const core = [
  'kernel',
  'lease',
  'input',
  'log',
  'protocol',
  'stores',
  'trace',
  'metrics',
  'invariants',
  'scenario',
  'scenarios',
  'jobs',
  'subject',
  'conformance',
  'authority',
  'explore',
  'corpus',
].map((folder) => `test/${folder}/**/*.test.ts`)

/** What runs on servers, in repositories and in processes that are killed: `npm run test:stores`. */
const stores = [
  'test/stores/{git,postgres,redis,killed-runs,full-disk}.test.ts',
  'test/authority/every-store.test.ts',
  'test/stress/**/*.test.ts',
  'test/cli/store.test.ts',
]

/** What starts the built command hundreds of times, or for long: `npm run test:commands`. */
const commands = ['test/cli/{e2e,explore,hang,printed-commands}.test.ts', 'test/readme.test.ts']

/** What runs workers on a Postgres and kills them: `npm run test:fabric`. */
const fabric = ['test/fabric/{verify,not-started,engines,long}.test.ts']

export default defineConfig({
  test: {
    // Whole scenarios, and commands in processes of their own, on machines that are busy with other things.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Left alone, Vitest keeps a core for itself, and has one left of two.
    maxWorkers: '100%',
    projects: [
      { extends: true, test: { name: 'core', include: core, exclude: stores } },
      { extends: true, test: { name: 'stores', include: stores, globalSetup: 'test/support/build.ts' } },
      { extends: true, test: { name: 'fabric', include: fabric, globalSetup: 'test/support/build.ts' } },
      { extends: true, test: { name: 'commands', include: commands, globalSetup: 'test/support/build.ts' } },
      {
        extends: true,
        test: {
          name: 'product',
          include: ['test/**/*.test.ts'],
          exclude: [...core, ...stores, ...commands, ...fabric],
          globalSetup: 'test/support/build.ts',
        },
      },
    ],
  },
})
