import { type DriftText, describeDrift } from '../../gate/index.js'
import { type Annotation, type Paint, type Report, reportTerminal } from '../../report/index.js'
import { leftOutText } from '../options/lacking.js'
import type { Gate } from './gate.js'

export function gateTerminal(
  report: Report,
  gate: Gate,
  { chalk, quiet }: { readonly chalk: Paint; readonly quiet: boolean },
): string {
  const lines = [
    ...verdictLines(report, gate, chalk, quiet),
    ...(quiet ? [] : notRunLines(report, gate).map((line) => `      ${line}`)),
    ...endLines(gate),
  ]
  return `${report.passed ? '' : reportTerminal(report, { chalk, quiet: true })}${lines.map((line) => `${line}\n`).join('')}`
}

function verdictLines(report: Report, gate: Gate, chalk: Paint, quiet: boolean): readonly string[] {
  if (gate.kind === 'no-snapshot') {
    return [`${chalk.red('FAIL')}  ${gate.sentence}`, ...(gate.first === null ? [`      ${gate.todo}`] : [])]
  }
  if (gate.drifts.length > 0) {
    const without = quiet ? [] : withoutBudget(report)
    return [
      ...gate.drifts.map(describeDrift).flatMap((text) => driftLines(text, chalk.red('DRIFT'))),
      ...notComparedLines(report),
      ...(without.length === 0 ? [] : [`no budget: ${without.join(', ')}`]),
    ]
  }
  if (!report.passed) return [...noDriftLines(report), ...notComparedLines(report)]
  return quiet ? [] : [`${chalk.green('PASS')}  ${noDriftLines(report).join('')}${withinBudget(report)}`]
}

function noDriftLines({ outcomes }: Report): readonly string[] {
  const compared = outcomes.filter(({ deterministic }) => deterministic).length
  if (compared === 0) return []
  return [`no drift: ${compared === 1 ? '1 scenario behaves' : `${compared} scenarios behave`} as in the snapshot`]
}

function notComparedLines({ outcomes }: Report): readonly string[] {
  const not = outcomes.filter(({ deterministic }) => !deterministic).map(({ scenario }) => scenario)
  return not.length === 0 ? [] : [`not compared: ${not.join(', ')}, which goes another way each time`]
}

const withoutBudget = ({ outcomes }: Report): readonly string[] =>
  outcomes.filter(({ budget }) => budget === undefined).map(({ scenario }) => scenario)

/** What a report that passed says of budgets: a scenario without one is within none. */
function withinBudget(report: Report): string {
  const without = withoutBudget(report)
  if (without.length === 0) return ', within budget'
  const within = report.outcomes.length - without.length
  return `${within === 0 ? '' : `, ${within} within budget`}; no budget: ${without.join(', ')}`
}

/** What a gate that passed has not looked at; what it left out, it says in any case. */
function notRunLines({ passed }: Report, gate: Gate): readonly string[] {
  const held = passed && gate.kind === 'compared' && gate.drifts.length === 0
  return [
    ...gate.leftOut.map(leftOutText),
    ...(held ? gate.unchecked.map(({ file, command }) => `not checked: ${file}; ${command}`) : []),
  ]
}

function endLines(gate: Gate): readonly string[] {
  if (gate.first !== null) return ['', `Before anything can be accepted: ${gate.first}.`]
  if (gate.kind === 'no-snapshot' || gate.drifts.length === 0) return []
  return ['', `If this is what you want: \`${gate.accept}\`, look at the difference, and commit it.`]
}

function driftLines({ scenario, headline, details }: DriftText, label: string): readonly string[] {
  const what = scenario === undefined ? headline : `${scenario}: ${headline}`
  return [`${label} ${what}`, ...details.map((detail) => `      ${detail}`)]
}

function gateTexts(gate: Gate): readonly DriftText[] {
  if (gate.kind === 'compared') return gate.drifts.map(describeDrift)
  return [{ scenario: undefined, headline: gate.sentence, details: [] }]
}

export function gateAnnotations(gate: Gate): readonly Annotation[] {
  const accept = gate.kind === 'no-snapshot' ? gate.todo : `accept: ${gate.accept}`
  const last = gate.first === null ? accept : `first: ${gate.first}`
  return gateTexts(gate).map(({ scenario, headline, details }) => ({
    title: scenario === undefined ? 'contention' : `${scenario} drifted`,
    message: [headline, ...details, last].join('\n'),
  }))
}

export function gateMarkdown(report: Report, gate: Gate): string {
  const texts = gateTexts(gate)
  const lines = texts.flatMap((text) => driftLines(text, '-').map((line) => line.replace(/^ {6}/, '  - ')))
  const notes = [...notComparedLines(report), ...notRunLines(report, gate)]
  const accept = gate.kind === 'no-snapshot' ? `To do: ${gate.todo}.` : `Accept with \`${gate.accept}\`.`
  const end = gate.first === null ? accept : `Before anything can be accepted: ${gate.first}.`
  return [
    '## Drift',
    ...(texts.length > 0
      ? [lines.join('\n')]
      : report.outcomes.some(({ deterministic }) => deterministic)
        ? ['None.']
        : []),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join('\n')]),
    ...(texts.length === 0 && gate.first === null ? [] : [end]),
    '',
  ].join('\n\n')
}
