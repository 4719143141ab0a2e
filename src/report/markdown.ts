import { budgetLabel, budgetVersionLabel } from '../budget/index.js'
import { metricNames } from '../metrics/index.js'
import { failureReasons, grouped, oneLine, passFailLabel, plural } from './labels.js'
import type { Report, ScenarioOutcome } from './report.js'
import { checkOutcomes } from './signature.js'

/**
 * A report as markdown: byte for byte the same for equal reports, with nothing of when or where it was made.
 * @param subject the name of what was measured, where it is not the built-in subject
 * @throws TypeError for what is no report
 */
export function reportMarkdown(report: Report, subject?: string): string {
  checkOutcomes(report)
  const { outcomes, seed, budgetVersion, signature, failedScenarios } = report
  if (typeof signature !== 'string' || typeof failedScenarios !== 'number') {
    throw new TypeError('a report without its signature and counts: expected what runMatrix returns')
  }
  const held = outcomes.length - failedScenarios
  const budgets = budgetVersion === undefined ? 'no budgets' : `budgets ${budgetVersionLabel(budgetVersion)}`
  const rows = outcomes.map(
    ({ scenario, passed, events, signature: own }) =>
      `| ${scenario} | ${passFailLabel(passed)} | ${events} | \`${own}\` |`,
  )
  return [
    `# Contention report${subject === undefined ? '' : ` of subject ${oneLine(subject)}`}`,
    '',
    `${passFailLabel(report.passed)}: ${held} of ${plural(outcomes.length, 'scenario')} held. Seed ${seed}, ${budgets}.`,
    '',
    '| scenario | verdict | events | signature |',
    '| --- | --- | ---: | --- |',
    ...rows,
    '',
    `Report signature: \`${signature}\``,
    '',
    ...outcomes.flatMap(outcomeLines),
  ].join('\n')
}

function outcomeLines(outcome: ScenarioOutcome): readonly string[] {
  const { scenario, parameters, profile, budget, invariants } = outcome
  const reasons = failureReasons(outcome)
  return [
    `## ${scenario}`,
    '',
    `Parameters: ${Object.entries(parameters)
      .map(([name, value]) => `${name}=${value}`)
      .join(', ')}`,
    '',
    ...(reasons.length === 0 ? [] : [...reasons.map((reason) => `- ${reason}`), '']),
    `| metric | value | limit (${budgetLabel(budget)}) |`,
    '| --- | ---: | ---: |',
    ...metricNames.map((name) => {
      const check = budget?.checks.find(({ metric }) => metric === name)
      return `| ${name} | ${profile[name]} | ${check === undefined ? '' : check.max} |`
    }),
    '',
    `Two runs: ${tracesText(outcome)}. Invariants: ${invariants
      .map(({ name, held, violations }) => `${oneLine(name)} ${held ? 'held' : `broke ${grouped(violations)}×`}`)
      .join(', ')}.`,
    '',
  ]
}

function tracesText({ deterministic, divergence }: ScenarioOutcome): string {
  if (deterministic) return 'the same trace'
  return divergence?.invariants === undefined ? 'different traces' : 'the same trace, but not the same verdicts'
}
