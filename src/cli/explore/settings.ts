import { invariantsNamed, type Project } from '../../config/index.js'
import { DEFAULT_MAX_EXPLORED_EVENTS, type ExploreOptions, type Strategy, strategies } from '../../explore/index.js'
import { InputError, MAX_SEED } from '../../input/index.js'
import type { Scenario } from '../../scenario/index.js'
import {
  type ExploreCliOptions,
  fromSeedOption,
  maxEventsOption,
  paramOptions,
  patienceOption,
  wholeNumber,
  workersOption,
} from '../options/options.js'
import { select } from '../options/selection.js'
import type { SharedStore } from '../options/store.js'
import type { Io } from '../terminal/io.js'
import type { Emit } from './exhaustively.js'

const DEFAULT_SEEDS = 1_000

/** What is explored, and how. */
export interface ToExplore {
  readonly io: Io
  readonly project: Project
  readonly scenarios: readonly Scenario[]
  readonly store: SharedStore | undefined
  readonly options: ExploreCliOptions
  /** Scenarios that were named are explored whatever they would test. */
  readonly named: boolean
  readonly emit: Emit
}

/** What the options and the project say of an exploration. */
export interface ExploreSettings {
  readonly seeds: number
  readonly fromSeed: number
  readonly timeMs: number | undefined
  readonly maxFailures: number
  readonly workers: number
  readonly patienceMs: number
  readonly drawn: Omit<ExploreOptions, 'subject' | 'watch'>
}

/** @throws InputError for an option that cannot be used */
export function exploreSettings({ io, project, scenarios, options }: ToExplore): ExploreSettings {
  const timeMs = options.time === undefined ? undefined : timeOption(options.time)
  const fromSeed = fromSeedOption(options.fromSeed, project, 4_000_000_000)
  const invariants = options.invariant === undefined ? undefined : invariantsNamed(options.invariant, scenarios)
  const parameters = paramOptions(options.param)
  // Names and bounds are those of every selected scenario that has the parameter.
  select({ ...project, scenarios }, [], parameters)
  return {
    seeds:
      options.seeds === undefined
        ? timeMs === undefined
          ? DEFAULT_SEEDS
          : Number.POSITIVE_INFINITY
        : wholeNumber('--seeds', options.seeds, 1, Math.min(1_000_000_000, MAX_SEED + 1 - fromSeed)),
    fromSeed,
    timeMs,
    maxFailures: options.maxFailures === undefined ? 1 : wholeNumber('--max-failures', options.maxFailures, 1, 1_000),
    workers: workersOption(io, options.workers),
    patienceMs: patienceOption(options.patience),
    drawn: {
      ...(options.strategy === undefined ? {} : { strategy: strategyOption(options.strategy) }),
      ...(invariants === undefined ? {} : { invariants }),
      parameters,
      maxEvents: maxEventsOption(options.maxEvents, project.maxEvents ?? DEFAULT_MAX_EXPLORED_EVENTS),
    },
  }
}

function timeOption(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const
  const timeMs = match === null ? 0 : Number(match[1]) * units[(match[2] ?? 's') as keyof typeof units]
  if (timeMs > 0) return timeMs
  throw new InputError({ what: '--time cannot be used', found: text, expected: 'a length such as 60s, 5m or 1h' })
}

function strategyOption(text: string): Strategy {
  const strategy = strategies.find((other) => other === text)
  if (strategy !== undefined) return strategy
  throw new InputError({
    what: '--strategy cannot be used',
    found: text,
    expected: `${strategies.join(', ')} or exhaustive`,
  })
}
