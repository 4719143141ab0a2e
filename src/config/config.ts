import type { Scenario } from '../scenario/index.js'

/** What `contention.config.ts` (or .mts, .cts, .js, .mjs, .cjs, .json) may say. Paths are relative to the file. */
export interface Config {
  /** Scenarios of your own: files whose exports are scenarios, or the scenarios themselves. */
  readonly scenarios?: readonly (string | Scenario)[]
  /** Whether the built-in scenarios run too, or which of them. Default: all. */
  readonly builtIn?: boolean | readonly string[]
  /** Lease cores of your own: files whose default export is a subject. What `explore` and `conformance` look at, and `check --subject` one by one. */
  readonly subjects?: readonly string[]
  /** Names for stores, for `--store`: `{ ci: 'sqlite=ci.db' }`. One may be called as a kind of store, and stands for that then. */
  readonly stores?: { readonly [name: string]: string }
  /** Root of all chance, 0 to 4294967295. Default 1. */
  readonly seed?: number
  /** By scenario, parameters that are not to be the default. */
  readonly parameters?: { readonly [scenario: string]: { readonly [name: string]: number } }
  /** Folder of the budget files `v1.json`, `v2.json`, …; the highest version counts. Default `budgets`. */
  readonly budgets?: string
  /** Folder of the snapshot that the gate compares with. Default `snapshots`. */
  readonly snapshots?: string
  /** Most events a run may take before it is ended as one that loops. Default 20,000,000; in `explore`, whose runs are short, 200,000. */
  readonly maxEvents?: number
}

/** Gives a configuration its type. */
export function defineConfig(config: Config): Config {
  return config
}
