import type { ChalkInstance } from 'chalk'
import { budgetVersionLabel, limits } from '../../budget/index.js'
import { grouped, plural, type ScenarioOutcome, table } from '../../report/index.js'
import { failureReasons, passFailLabel, replayCommand, scenarioLabel } from '../../report/labels.js'
import type { LimitChange, LimitProposal, LimitStanding, MetricSpread, Seeds, TunedScenario } from '../../tune/index.js'
import { parametersFirst } from '../options/command-text.js'

/** What `--write` came to. */
export type Written =
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'written'
      readonly file: string
      readonly version: number
      /** Against the version before. */
      readonly changes: readonly LimitChange[]
      /** How many limits are of scenarios that had none. */
      readonly added: number
      /** The version of the package's budgets that counted until then, where some of them did. */
      readonly inPlaceOf?: number
    }

/** The command that writes what is proposed, and how many limits it would raise. */
export interface ToWrite {
  readonly command: string
  readonly raised: number
  /** Parameters that were given, and are to be in the configuration first. */
  readonly param: readonly string[]
}

export interface Tuned {
  readonly budgetVersion: number
  readonly seeds: Seeds
  readonly headroomPercent: number
  readonly scenarios: readonly TunedScenario[]
  /** Absent when nothing was to be written. */
  readonly written?: Written | undefined
}

/** How the result of `tune` is shown. */
export interface TunedOptions {
  readonly chalk: ChalkInstance
  /** Leaves what is well. */
  readonly quiet: boolean
  /** What else `replay` has to be given to run a seed of a scenario again. */
  readonly again: (tuned: TunedScenario) => string
  /** Undefined where the limits are what is proposed already. */
  readonly toWrite: ToWrite | undefined
}

/** What was measured beside each limit, how the limits stand, and what is proposed. */
export function tunedTerminal(tuned: Tuned, options: TunedOptions): string {
  const { quiet, chalk } = options
  if (quiet && !tuned.scenarios.some(isBroken)) return ''
  const lines = [
    ...(quiet ? [] : tuned.scenarios.flatMap((scenario) => spreadLines(scenario, chalk))),
    standingsLine(tuned),
    ...tuned.scenarios.flatMap((scenario) => attentionLines(scenario, options)),
    ...(quiet ? [] : [`proposed: the maximum plus ${tuned.headroomPercent}% headroom, rounded up`]),
    ...endLines(tuned, options),
  ]
  return `${lines.join('\n')}\n`
}

const isBroken = ({ proposals }: TunedScenario): boolean => proposals.some(({ standing }) => standing === 'broken')

/** A row for each metric under a limit, then for each other one that was ever nonzero. */
function spreadLines({ scenario, overrides, spreads, proposals }: TunedScenario, chalk: ChalkInstance): string[] {
  const limited = proposals.flatMap((proposal) =>
    spreads.filter(({ metric }) => limits[proposal.limit].includes(metric)).map((spread) => ({ spread, proposal })),
  )
  const others = spreads.filter((spread) => spread.spread.max > 0 && !limited.some((row) => row.spread === spread))
  const rows = [...limited, ...others.map((spread) => ({ spread, proposal: undefined }))]
  const [header = '', ...lines] = table(
    ['', 'median', 'p95', 'max', 'limit', 'proposed', ''],
    rows.map(({ spread, proposal }) => [...spreadCells(spread), ...limitCells(spread, proposal)]),
  )
  const parameters = Object.entries(overrides).map(([name, value]) => `${name}=${value}`)
  return [
    [chalk.bold(scenario), ...parameters].join('  '),
    `  ${chalk.dim(header)}`,
    ...lines.map((line, index) => `  ${colourOf(rows[index]?.proposal?.standing, chalk)(line)}`),
    '',
  ]
}

function spreadCells({ metric, spread }: MetricSpread): readonly string[] {
  return [metric, grouped(spread.median), grouped(spread.p95), grouped(spread.max)]
}

/** Of two metrics under one limit, only the one that measured higher says what becomes of it. */
function limitCells({ metric }: MetricSpread, proposal: LimitProposal | undefined): readonly string[] {
  if (proposal === undefined) return []
  const { current, proposed, standing } = proposal
  const limit = current === undefined ? '-' : grouped(current)
  return metric === proposal.metric ? [limit, grouped(proposed), standing] : [limit]
}

/** Metrics without a limit have no standing, and stay in the background. */
function colourOf(standing: LimitStanding | undefined, chalk: ChalkInstance): (text: string) => string {
  switch (standing) {
    case undefined:
      return chalk.dim
    case 'broken':
      return chalk.red
    case 'near':
    case 'slack':
      return chalk.yellow
    case 'fits':
    case 'new':
      return (text) => text
  }
}

const standingWords: readonly (readonly [standing: LimitStanding, word: string])[] = [
  ['broken', 'broken'],
  ['near', 'near'],
  ['slack', 'slack'],
  ['fits', 'fit'],
  ['new', 'new'],
]

function standingsLine({ budgetVersion, seeds, scenarios }: Tuned): string {
  const proposals = scenarios.flatMap((scenario) => scenario.proposals)
  const counts = standingWords
    .map(([standing, word]) => [proposals.filter((proposal) => proposal.standing === standing).length, word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
  const judged = proposals.some(({ current }) => current !== undefined)
  const budgets = judged ? `, budgets ${budgetVersionLabel(budgetVersion)}` : ''
  return `${plural(proposals.length, 'limit')}: ${counts.join(', ')}. Seeds ${seeds.from} to ${seeds.to}, twice each${budgets}`
}

/** The limits that somebody should look at, worst first. */
function attentionLines(tuned: TunedScenario, options: TunedOptions): readonly string[] {
  const wanted: readonly LimitStanding[] = options.quiet ? ['broken'] : ['broken', 'near', 'slack']
  return wanted.flatMap((standing) =>
    tuned.proposals
      .filter((proposal) => proposal.standing === standing)
      .flatMap((proposal) => attentionTo(tuned, proposal, options)),
  )
}

/** A broken limit comes with the seed that is furthest above it, and the command that shows that. */
function attentionTo(
  tuned: TunedScenario,
  { limit, current = 0, standing, metric, spread, maxAtSeed, proposed }: LimitProposal,
  { chalk, again }: TunedOptions,
): readonly string[] {
  const { scenario, overrides } = tuned
  const label = colourOf(standing, chalk)(standing.padEnd(6))
  const line = `  ${label}  ${scenario}  ${limit} ${grouped(current)}, proposed ${grouped(proposed)}`
  if (standing !== 'broken') return [line]
  return [
    line,
    `          ${metric} is ${grouped(spread.max)} at seed ${maxAtSeed}`,
    `          see ${replayCommand({ scenario, seed: maxAtSeed, overrides, replayOptions: again(tuned) })}`,
  ]
}

function endLines({ scenarios, written }: Tuned, { quiet, toWrite }: TunedOptions): readonly string[] {
  if (written?.kind === 'unchanged') return ['nothing written: the limits are what is proposed already']
  if (written?.kind === 'written') {
    const raised = written.changes.filter(({ from, to }) => to > from).length
    const lowered = written.changes.length - raised
    const changes = [
      ...(lowered > 0 ? [`${plural(lowered, 'limit')} lowered`] : []),
      ...(raised > 0 ? [`${plural(raised, 'limit')} raised`] : []),
      ...(written.added > 0 ? [`${plural(written.added, 'limit')} new`] : []),
    ]
    const { inPlaceOf, version } = written
    const label = budgetVersionLabel(version)
    const until = inPlaceOf === undefined ? '' : `, in place of ${budgetVersionLabel(inPlaceOf)} of the package`
    return [
      [`written: ${written.file}`, ...changes].join(', '),
      ...(until === '' ? [] : [`budgets ${label} are those of this project from here on${until}`]),
    ]
  }
  const proposals = scenarios.flatMap((scenario) => scenario.proposals)
  if (quiet || toWrite === undefined || proposals.every(({ standing }) => standing === 'fits')) return []
  const raised = toWrite.raised === 0 ? '' : `, with ${plural(toWrite.raised, 'limit')} raised`
  const first = toWrite.param.length === 0 ? '' : `, ${parametersFirst(toWrite.param)}, and then`
  return [`to make the proposals the next version of the budgets${raised}${first}:`, `  ${toWrite.command}`]
}

/** A seed at which a scenario did not hold. */
export function failedTerminal(outcome: ScenarioOutcome, chalk: ChalkInstance): string {
  const lines = [
    `${chalk.red(passFailLabel(false))}  ${chalk.bold(scenarioLabel(outcome))}`,
    ...failureReasons(outcome).map((reason) => `      ${chalk.red('✗')} ${reason}`),
    `      ${chalk.dim('see')} ${replayCommand(outcome)}`,
    'nothing is proposed: figures of a fault are worth nothing',
  ]
  return `${lines.join('\n')}\n`
}
