import { type BudgetCheck, budgetVersionLabel } from '../budget/index.js'
import { divergenceTodo, failureReasons, grouped, passFailLabel, plural, replayCommand } from './labels.js'
import type { Report, ScenarioOutcome } from './report.js'
import { shortSignature } from './signature.js'

/** What can colour text: a chalk, or anything that leaves it plain. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
  green(text: string): string
  red(text: string): string
  yellow(text: string): string
}

export interface TerminalOptions {
  readonly chalk: Paint
  /** Only failures, and how many there are. */
  readonly quiet: boolean
  /** What to do about a scenario without a budget. */
  readonly noBudgetTodo?: (scenario: string) => string
}

/** A report for a terminal. */
export function reportTerminal(report: Report, { chalk, quiet, noBudgetTodo = tuneIt }: TerminalOptions): string {
  if (quiet && report.passed) return ''
  const shown = quiet ? report.outcomes.filter(({ passed }) => !passed) : report.outcomes
  return [...shown.flatMap((outcome) => outcomeLines(outcome, chalk, noBudgetTodo)), ...summaryLines(report, chalk)]
    .join('\n')
    .concat('\n')
}

const tuneIt = (scenario: string): string => `\`npx contention tune ${scenario} --write\` proposes one`

function outcomeLines(
  outcome: ScenarioOutcome,
  chalk: Paint,
  noBudgetTodo: (scenario: string) => string,
): readonly string[] {
  const { scenario, passed, deterministic, divergence, events, signature, budget, invariants } = outcome
  const twice = deterministic ? 'twice the same' : 'twice, not the same'
  return [
    `${label(passed, chalk)}  ${chalk.bold(scenario)}  ${chalk.dim(`${grouped(events)} events, ${twice} · ${shortSignature(signature)}`)}`,
    ...failureReasons(outcome).map((reason) => `      ${chalk.red('✗')} ${reason}`),
    ...(divergence === undefined ? [] : [`      ${chalk.dim('to do')} ${divergenceTodo(divergence)}`]),
    ...(passed ? [] : [`      ${chalk.dim('see')} ${replayCommand(outcome)}`]),
    `      ${costLine(outcome)}`,
    `      ${chalk.dim('invariants')} ${invariants.map(({ name, held }) => (held ? name : chalk.red(name))).join(', ') || 'none'}`,
    ...(budget === undefined
      ? [chalk.yellow(`      no budget: ${noBudgetTodo(scenario)}`)]
      : budget.checks.map((check) => budgetLine(check, chalk))),
    '',
  ]
}

function costLine({ profile }: ScenarioOutcome): string {
  return [
    plural(profile.takeoverSuccesses, 'takeover'),
    `refused ${grouped(profile.ownershipConflicts)} conflicts`,
    `${grouped(profile.splitBrainRejections)} split brain`,
    `${grouped(profile.staleOwnerRejections)} stale owner`,
    `${grouped(profile.invalidTokenRejections)} invalid token`,
  ].join(' · ')
}

/** Two limits of one name stand in two lines, each with the metric it is about. */
function budgetLine({ metric, actual, max, headroom, met }: BudgetCheck, chalk: Paint): string {
  const left = met ? (max === 0 ? '' : `${Math.trunc((headroom * 100) / max)}% left`) : `${grouped(-headroom)} over`
  const line = `      ${metric.padEnd(24)}${grouped(actual).padStart(9)} of ${grouped(max).padStart(9)}  ${left}`
  return met ? line.trimEnd() : chalk.red(line.trimEnd())
}

function summaryLines(report: Report, chalk: Paint): readonly string[] {
  const { outcomes, seed, budgetVersion, signature, passed } = report
  const budgets = budgetVersion === undefined ? 'no budgets' : `budgets ${budgetVersionLabel(budgetVersion)}`
  const causes = [
    [report.nondeterministicFailures, 'not deterministic'],
    [report.invariantFailures, 'with a broken invariant'],
    [report.failedBudgets, 'over budget'],
  ] as const
  const failed = causes.filter(([count]) => count > 0).map(([count, cause]) => `${count} ${cause}`)
  const held = `${outcomes.length - report.failedScenarios} of ${plural(outcomes.length, 'scenario')} held`
  return [
    `${label(passed, chalk)}  ${[held, ...failed].join(', ')}  ${chalk.dim(`seed ${seed}, ${budgets} · ${shortSignature(signature)}`)}`,
  ]
}

function label(passed: boolean, chalk: Paint): string {
  const text = passFailLabel(passed)
  return passed ? chalk.green(text) : chalk.red(text)
}
