import {
  type Coverage,
  describeFault,
  type Exploration,
  type Failure,
  type FaultKind,
  faultKinds,
  foundIn,
  leaseStates,
  type OwnFaults,
  repliesOf,
  type Swarm,
  struckKinds,
} from '../../explore/index.js'
import { DETERMINISM_TODO, grouped, type Paint, plural, table } from '../../report/index.js'
import { optionText } from '../options/command-text.js'

/** A failure with all that is told of it. */
export interface ToldFailure {
  readonly failure: Failure
  /** As it was found, when it was made smaller since. */
  readonly found?: Failure
  readonly runs?: number
  readonly minimal?: boolean
  /** Names of parameters that it has at their least. */
  readonly lowered?: readonly string[]
  readonly story: readonly string[]
  /** What the scenario itself has had the world do. */
  readonly ownFaults?: readonly OwnFaults[]
  readonly file?: string
  /** Why it has none. */
  readonly unsaved?: string
  readonly token?: string
  /** The file of the subject, where it is not the built-in one: a token does not tell. */
  readonly subject?: string
  /** Names of the invariants that were judged, where it was not all. */
  readonly invariants?: readonly string[]
  /** Most events that a run may take, where it is not as many as usual: nor of that does a token tell. */
  readonly maxEvents?: number
  /** The configuration that was named, and the patience that was asked for. */
  readonly config?: string
  readonly patience?: string
  readonly replay: string
}

/** The whole configuration that a seed has drawn, before anything runs. */
export function swarmText({ scenario, seed, strategy, parameters, kinds, faults, aimed }: Swarm): string {
  const values = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
  return [
    `${scenario} seed ${seed}`,
    `  parameters ${values.join(' ')}`,
    `  order ${strategy}`,
    `  faults ${kinds.length === 0 ? 'none' : kinds.join(', ')} (off: ${faultKinds.filter((kind) => !kinds.includes(kind)).join(', ') || 'none'})`,
    `  ${faults.length} at drawn times${faults.length === 0 ? '' : ':'}`,
    ...faults.map((fault) => `${String(fault.atMs).padStart(10)} ms  ${describeFault(fault)}`),
    `  ${aimed} aimed at rare states${aimed === 0 ? '' : ', known when the run comes to them'}`,
    '',
  ].join('\n')
}

/** How far an exploration of `of` seeds is, Infinity where time decides, and what it has exercised. */
export function progressText({ seeds, events, failures, coverage }: Exploration, of: number, tookMs: number): string {
  const total = Number.isFinite(of) ? `/${grouped(of)}` : ''
  const rate = grouped(Math.round((events * 1_000) / tookMs))
  const kinds = `${struckKinds(coverage)} of ${faultKinds.length} kinds of fault`
  return `exploring ${grouped(seeds)}${total} seeds, ${plural(failures.length, 'failure')}, ${grouped(events)} events, ${rate}/s, ${kinds}`
}

/** All that failed; of several that are the same when they are made small, the story once. */
export function failuresText(all: readonly ToldFailure[], chalk: Paint): string {
  const firstSeeds = new Map<string, number>()
  const texts = all.map((told) => {
    const { file, failure, found = failure } = told
    const first = file === undefined ? undefined : firstSeeds.get(file)
    if (first === undefined) {
      if (file !== undefined) firstSeeds.set(file, found.seed)
      return failureText(told, chalk)
    }
    return `${headLines(told, chalk).join('\n')}\n      made small it is that of seed ${first}: ${file}\n`
  })
  return texts.join('')
}

function headLines({ failure, found = failure }: ToldFailure, chalk: Paint): readonly string[] {
  return [
    `${chalk.red('FAIL')}  ${chalk.bold(failure.scenario)}  seed ${found.seed}: ${whenBroken(found)}`,
    `      ${foundIn(found).message}`,
  ]
}

export function failureText(told: ToldFailure, chalk: Paint): string {
  const { failure, found, runs, minimal, lowered = [], story, ownFaults, file, unsaved, replay } = told
  const first = found ?? failure
  const least = lowered.map((name) => `, ${name}=${failure.plan.parameters[name]}`).join('')
  const size = `${sizeOf(failure, ownFaults)}${least}`
  const from = least === '' && sizeOf(first) === sizeOf(failure) ? '' : `, from ${sizeOf(first)}`
  return [
    ...headLines(told, chalk),
    ...(runs === undefined
      ? []
      : [
          `      ${chalk.dim(minimal ? 'smallest:' : 'smaller:')} seed ${failure.seed}, ${size}${from} ${chalk.dim(`(${plural(runs, 'run')})`)}`,
        ]),
    ...smallerLines(failure, first),
    ...story.map((line) => `      ${line}`),
    ...(isOfChance(first) || isOfChance(failure) ? [`      ${chalk.dim('to do')} ${DETERMINISM_TODO}`] : []),
    `      ${chalk.dim('see')} ${replay}`,
    ...(file === undefined ? [] : [`      ${chalk.dim('saved')} ${file}`]),
    ...(unsaved === undefined ? [] : [`      ${chalk.yellow('not saved:')} ${unsaved}`]),
    ...tokenLines(told, chalk),
    '',
  ].join('\n')
}

const isOfChance = ({ kind }: Failure): boolean => kind === 'nondeterministic' || kind === 'carried-over'

/** A failure that has a file has a token as well, where that fits into a line. */
function tokenLines(told: ToldFailure, chalk: Paint): readonly string[] {
  const { file, token } = told
  if (token !== undefined) return [`      ${chalk.dim('token')} ${token}${besides(told)}`]
  return file === undefined ? [] : [`      ${chalk.dim('token')} none: too long, use the file`]
}

/** What the smaller one shows, where it is not to the millisecond what was found. */
function smallerLines(failure: Failure, found: Failure): readonly string[] {
  const shown = (each: Failure) => `${whenBroken(each)}: ${foundIn(each).message}`
  return shown(failure) === shown(found) ? [] : [`      ${shown(failure)}`]
}

function whenBroken(failure: Failure): string {
  const { what, atMs } = foundIn(failure)
  // Of runs that merely differ, nothing has gone wrong at any time.
  if (failure.kind === 'nondeterministic' && failure.shown === undefined) return what
  return `${verb(failure, what)} at ${atMs} ms`
}

function verb(failure: Failure, what: string): string {
  if (failure.kind === 'breach') return `${what} broke`
  return failure.kind === 'subject-fault' ? `the subject is at fault, on ${what},` : what
}

function sizeOf({ plan }: Failure, own: readonly OwnFaults[] = []): string {
  const { nodes = 0, spaces = 0, durationMs = 0 } = plan.parameters
  return `${plural(nodes, 'node')}, ${plural(spaces, 'space')}, ${faultsOf(plan.faults.length, own)}, ${grouped(durationMs)} ms`
}

function faultsOf(planned: number, own: readonly OwnFaults[]): string {
  const drawn = planned === 0 ? 'no faults' : plural(planned, 'fault')
  if (own.length === 0) return drawn
  const others = own.map(({ kind, count }) => plural(count, kind, severalOf(kind))).join(', ')
  return `${drawn} ${planned === 0 ? 'but' : 'and'} the scenario's own (${others})`
}

const severalOf = (kind: FaultKind): string =>
  kind === 'crash' ? 'crashes' : kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`

interface ExplorationShown {
  readonly skipped: readonly string[]
  /** The subject is not the built-in one. */
  readonly own: boolean
  readonly complete: boolean
  readonly verbose: boolean
}

/**
 * What was exercised, and what a run without failure is worth. Where it ended at a failure, little was exercised, and nobody asks:
 * that stands there only when all is to be told.
 */
export function explorationText(
  exploration: Exploration,
  { skipped, own, complete, verbose }: ExplorationShown,
  chalk: Paint,
): string {
  const { seeds, fromSeed, events, failures, coverage, awaited } = exploration
  const range = `seeds ${fromSeed} to ${fromSeed + Math.max(seeds, 1) - 1}`
  const line =
    seeds === 0 && failures.length === 0
      ? chalk.yellow('no seed was explored')
      : failures.length === 0
        ? `${complete ? chalk.green('PASS') : chalk.yellow('STOP')}  no failure in ${plural(seeds, 'seed')}, ${plural(events, 'event')}  ${chalk.dim(range)}`
        : `${chalk.red('FAIL')}  ${plural(failures.length, 'failure')} in ${plural(seeds, 'seed')}, ${plural(events, 'event')}  ${chalk.dim(range)}`
  return [
    ...(failures.length === 0 || verbose ? coverageLines(coverage, chalk) : []),
    ...skipped.map((what) => `${chalk.yellow('skipped')} ${what}`),
    ...(skipped.length > 0 ? [''] : []),
    line,
    ...(failures.length === 0 && seeds > 0 ? [`      ${boundText(seeds)}`] : []),
    ...(failures.length === 0 && own && awaited ? [`      ${AS_ONE_STEP}`] : []),
    '',
  ].join('\n')
}

/** With fewer, a third of all seeds might fail, and none of these would. */
const FEWEST_SEEDS = 10

/** What is not known of a subject that answers with promises. */
export const AS_ONE_STEP =
  'each command ran as one step: nothing else happened between what it reads and what it writes, as in one transaction'

/** "No failure" is not "safe". The rule of three: Hanley and Lippman-Hand (1983). */
export function boundText(seeds: number): string {
  if (seeds < FEWEST_SEEDS) return 'too few seeds to say anything of others'
  const perMillion = Math.ceil(3_000_000 / seeds)
  const share = perMillion >= 10_000 ? `${Math.ceil(perMillion / 10_000)}%` : `${grouped(perMillion)} in a million`
  return `so, at 95% confidence, fewer than ${share} of such seeds fail; how many others do is not known`
}

function coverageLines(coverage: Coverage, chalk: Paint): readonly string[] {
  const rows = faultKinds.map((kind, row) => [
    kind,
    ...(coverage.strikes[row] ?? []).map((count) => (count === 0 ? '·' : grouped(count))),
  ])
  const replies = repliesOf(coverage)
  const seen = replies.filter(([, count]) => count > 0).map(([kind, count]) => `${kind} ${grouped(count)}`)
  const never = replies.filter(([, count]) => count === 0).map(([kind]) => kind)
  const [header = '', ...lines] = table(['faults by lease state', ...leaseStates], rows)
  return [
    chalk.dim(header),
    ...lines,
    '',
    ...wrapped(`${chalk.dim('replies')} `, seen),
    ...(never.length > 0 ? wrapped(`${chalk.yellow('never')}   `, never) : []),
    '',
  ]
}

/** Items in lines of at most 110 characters. */
function wrapped(label: string, items: readonly string[]): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const item of items) {
    if (line.length + item.length > 100) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? item : `, ${item}`
  }
  return [...lines, line].map((text, index) => (index === 0 ? `${label}${text}` : `        ${text}`))
}

/** What a token needs besides, to show the same. */
export const besides = ({
  subject,
  invariants = [],
  maxEvents,
  config,
  patience,
}: Pick<ToldFailure, 'subject' | 'invariants' | 'maxEvents' | 'config' | 'patience'>): string =>
  [
    optionText('config', config),
    optionText('subject', subject),
    ...invariants.map((name) => optionText('invariant', name)),
    optionText('max-events', maxEvents?.toString()),
    optionText('patience', patience),
  ].join('')
