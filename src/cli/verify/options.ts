import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import {
  DEFAULT_N,
  DEFAULT_RETRY_DELAY_SCALE,
  type EngineName,
  engineNames,
  isCommit,
  patienceFor,
  type ScenarioId,
  scenarioIds,
  titles,
  type VerifyOptions,
} from '../../fabric/index.js'
import { InputError } from '../../input/index.js'
import { packageRoot } from '../../package.js'
import { wholeNumber } from '../options/options.js'
import type { Io } from '../terminal/io.js'

export interface VerifyCliOptions {
  readonly databaseUrl?: string
  readonly allowRemote?: boolean
  readonly n?: string
  readonly scenario?: readonly string[]
  readonly engine?: string
  readonly retryDelayScale?: string
  readonly commit?: string
  readonly summary?: string
  readonly from?: string
  readonly canonical?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

export const UNKNOWN_COMMIT = 'unknown'

/** More would only take longer, for workers as well as for their model: a thousand show what ten do. */
export const MAX_N = 5_000

/** What is to be run, of what was typed and of what surrounds the command. */
export function askedOf(
  io: Io,
  options: VerifyCliOptions,
  predict: VerifyOptions['predict'],
): Omit<VerifyOptions, 'signal'> {
  const { databaseUrl, allowRemote, n, scenario, engine, retryDelayScale, commit, json, quiet } = options
  const loud = json !== true && quiet !== true
  const scale = scaleOption(retryDelayScale)
  const note = (text: string) => {
    if (quiet !== true) io.stderr.write(`${text}\n`)
  }
  return {
    databaseUrl,
    allowRemote: allowRemote === true,
    n: n === undefined ? DEFAULT_N : wholeNumber('--n', n, 1, MAX_N),
    scenarios: scenarioOption(scenario),
    engine: engineOption(engine),
    retryDelayScale: scale,
    commit: commit === undefined ? commitOf(io) : commitOption(commit),
    runUrl: runUrlOf(io.env),
    program: join(packageRoot(), 'dist', 'fabric-worker.js'),
    patienceMs: patienceFor(scale),
    ...(predict !== undefined && { predict }),
    onEvidence: (text) => {
      if (loud) io.stdout.write(`${text}\n`)
    },
    onVerdict: ({ scenario: id, title, passed }, tookMs) =>
      note(`${id} ${title} ${passed ? 'held' : 'did not hold'}, ${(tookMs / 1_000).toFixed(1)} s`),
    onNote: note,
  }
}

function scenarioOption(names: readonly string[] | undefined): readonly ScenarioId[] {
  if (names === undefined) return scenarioIds
  const asked = names.map((name) => {
    const id = scenarioIds.find((known) => [known, titles[known]].some((it) => it.toLowerCase() === name.toLowerCase()))
    if (id !== undefined) return id
    const expected = scenarioIds.map((known) => `${known} (${titles[known]})`).join(', ')
    throw new InputError({ what: '--scenario names one that does not exist', found: name, expected })
  })
  return scenarioIds.filter((id) => asked.includes(id))
}

function engineOption(text: string | undefined): EngineName {
  if (text === undefined) return 'graphile'
  const name = engineNames.find((known) => known === text)
  if (name !== undefined) return name
  throw new InputError({
    what: '--engine names one that does not exist',
    found: text,
    expected: engineNames.join(' or '),
  })
}

function scaleOption(text: string | undefined): number {
  if (text === undefined) return DEFAULT_RETRY_DELAY_SCALE
  const scale = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (scale >= 0 && scale <= 1) return scale
  throw new InputError({
    what: '--retry-delay-scale cannot be used',
    found: text,
    expected: `a number from 0 to 1, as in ${DEFAULT_RETRY_DELAY_SCALE}`,
  })
}

function commitOption(text: string): string {
  if (isCommit(text)) return text.toLowerCase()
  throw new InputError({
    what: '--commit is not one',
    found: text,
    expected: 'what `git rev-parse HEAD` prints, or the beginning of it',
  })
}

/** The commit that is a candidate: what CI says, or what is checked out. Evidence of an unknown one passes no gate. */
function commitOf({ cwd, env }: Io): string {
  const named = env['GITHUB_SHA'] || env['CI_COMMIT_SHA']
  if (named) return named
  const { stdout, status } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : UNKNOWN_COMMIT
}

function runUrlOf(env: Io['env']): string | null {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID, CI_JOB_URL, BUILD_URL } = env
  if (GITHUB_SERVER_URL && GITHUB_REPOSITORY && GITHUB_RUN_ID) {
    return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`
  }
  return CI_JOB_URL || BUILD_URL || null
}
