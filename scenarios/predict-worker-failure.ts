import { checkOptions, checkSeed } from '../src/input/index.js'
import { type WorkCounts, type WorkerFailure, workCountsFold } from '../src/metrics/index.js'
import { resolveParameters, type Scenario, simulate } from '../src/scenario/index.js'
import type { Subject } from '../src/subject/index.js'
import { castOf, numbered, observe } from '../src/trace/index.js'
import { workerFailureCrash, workerFailurePoison, workerFailureRunaway, workerFailureZombie } from './worker-failure.js'

/** One scenario of failing workers, and how long each of its jobs may take it at the most, with one worker alone. */
interface Model {
  readonly scenario: Scenario
  readonly perJobMs: number
  /** The jobs come one after the other: more workers do not make it quicker. */
  readonly oneByOne?: true
}

const models: { readonly [failure in WorkerFailure]: Model } = {
  // Four times taken, worked at, given back, and a rest, each way of a message 4 ms: 56 ms at the most.
  poison: { scenario: workerFailurePoison, perJobMs: 240 },
  // Two attempts of up to 80 ms, and the worker that is down for 50.
  'crash-before-acknowledging': { scenario: workerFailureCrash, perJobMs: 240 },
  // One attempt of up to 80 ms, and as much again.
  runaway: { scenario: workerFailureRunaway, perJobMs: 160 },
  // The TTL, two attempts, and a pause of 500 ms.
  zombie: { scenario: workerFailureZombie, perJobMs: 1_000, oneByOne: true },
}

const failures = Object.keys(models)

/** What is over whatever the number of jobs: four times a TTL, until the last attempt of a killed worker is given up. */
const BASE_MS = 2_000

/** What runaways may cost those behind them on top: four hard limits. One without a limit costs all that is left. */
const RUNAWAY_MS = 500

/** Beyond this a run of the most jobs there may be has gone astray. */
const MAX_EVENTS = 50_000_000

/** What `predictWorkerFailure` runs its scenario with. */
export interface PredictOptions {
  /** How many jobs; of a runaway, how many sentinels beside those. */
  readonly jobs: number
  /** What all chance is drawn from. */
  readonly seed: number
  /** Parameters of the scenario that are not to be as `jobs` asks for. */
  readonly parameters?: { readonly [name: string]: number }
  /** The built-in one when absent. */
  readonly subject?: Subject
}

const optionNames = { jobs: true, seed: true, parameters: true, subject: true } as const

/**
 * The parameters for so many jobs: a log for the effect of each, and time for all. No job may wait longer than all of them
 * take, and some for runaways.
 */
export function workerFailureParameters(
  failure: WorkerFailure,
  jobs: number,
  changed: PredictOptions['parameters'] = {},
): { readonly [name: string]: number } {
  const { scenario, perJobMs, oneByOne } = models[failure]
  const { nodes, runaways = 0, maxWaitMs } = resolveParameters(scenario.parameters, { ...changed, jobs })
  const workers = oneByOne ? 1 : Math.max(1, nodes - 1)
  const forAllMs = Math.ceil(((jobs + runaways) * perJobMs) / workers)
  return {
    jobs,
    spaces: jobs + runaways,
    durationMs: BASE_MS + forAllMs,
    ...(maxWaitMs === undefined ? {} : { maxWaitMs: RUNAWAY_MS + forAllMs }),
    ...changed,
  }
}

/**
 * What the model says of one worker failure: the scenario is simulated and its trace counted. `jobs` of the result are all
 * that were put in; of a runaway, the sentinels and two runaways, one for each limit, dead letters in the end.
 * @throws TypeError for a failure, or an option, that there is not
 * @throws TypeError or RangeError for a seed that is none
 * @throws ParameterError for a number of jobs, or another parameter, that the scenario does not take
 */
export async function predictWorkerFailure(failure: WorkerFailure, options: PredictOptions): Promise<WorkCounts> {
  if (!Object.hasOwn(models, failure)) {
    throw new TypeError(`there is no worker failure ${JSON.stringify(failure)}: expected one of ${failures.join(', ')}`)
  }
  checkOptions<PredictOptions>('predictWorkerFailure', options, optionNames)
  const { jobs, seed, parameters: changed, subject } = options
  checkSeed(seed)
  const { scenario } = models[failure]
  const parameters = resolveParameters(scenario.parameters, workerFailureParameters(failure, jobs, changed))
  const counts = observe(
    workCountsFold(castOf(numbered('node', parameters.nodes), numbered('space', parameters.spaces))),
  )
  await simulate(scenario, {
    seed,
    parameters,
    maxEvents: MAX_EVENTS,
    observers: [],
    listeners: [counts],
    ...(subject === undefined ? {} : { subject }),
  })
  return counts.end(parameters.durationMs)
}
