import { compareWithSnapshot, type Drift, type DriftText, describeDrift, snapshotFile } from '../gate/index.js'
import { type Annotation, type Paint, type Report, reportTerminal } from '../report/index.js'
import { commandText, tuneText } from './command-text.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD } from './exit-code.js'
import type { LeftOut } from './lacking.js'
import type { Measured } from './measure.js'
import type { MeasureOptions } from './options.js'
import { type SnapshotPlace, snapshotAt } from './snapshot-place.js'
import { noSnapshotText, noSnapshotTodo } from './snapshot-text.js'

/** A subject of the configuration that was not run, and the command that checks it. */
export interface Unchecked {
  readonly subject: string
  readonly command: string
}

/** What the gate found: how the report differs from the snapshot. */
export type Gate = {
  /** The command that accepts what is there now; null where it would refuse. */
  readonly accept: string | null
  /** What has to be done before anything can be accepted; null where nothing has. */
  readonly first: string | null
  /** The scenarios that the subject was not asked. */
  readonly leftOut: readonly LeftOut[]
  readonly unchecked: readonly Unchecked[]
} & (
  | { readonly kind: 'compared'; readonly drifts: readonly Drift[] }
  /** There is nothing to compare with: why, and what to do. */
  | { readonly kind: 'no-snapshot'; readonly sentence: string; readonly todo: string }
)

/** All that decides what the gate finds. */
export interface ToCompare {
  readonly measured: Measured
  readonly place: SnapshotPlace
  /** Every scenario there is. */
  readonly existing: readonly string[]
  readonly unchecked: readonly Unchecked[]
  readonly options: MeasureOptions
  readonly shown: (file: string) => string
}

export function gateOf({ measured, place, existing, unchecked, options, shown }: ToCompare): Gate {
  const { report, leftOut } = measured
  const accept = report.passed ? commandText('update', options) : null
  const common = { accept, first: todoFirst(report, options), leftOut, unchecked }
  const found = snapshotAt(place)
  if (found.kind !== 'snapshot') {
    const sentence = noSnapshotText(found, shown(snapshotFile(place.folder)), place.subject)
    return { ...common, kind: 'no-snapshot', sentence, todo: noSnapshotTodo(found, accept) }
  }
  const inSnapshot = found.snapshot.entries.map(({ scenario }) => scenario)
  const lacking = leftOut.filter(({ scenario }) => inSnapshot.includes(scenario))
  return {
    ...common,
    kind: 'compared',
    drifts: [
      ...compareWithSnapshot(report, found.snapshot, existing),
      ...lacking.map((each): Drift => ({ kind: 'lacking', ...each })),
    ],
  }
}

/** What did not hold has to be mended, or, where it is a limit, allowed: the snapshot of it would make the gate defend a fault. */
export function todoFirst(report: Report, options: MeasureOptions): string | null {
  if (report.passed) return null
  const failed = report.outcomes.filter(({ passed }) => !passed)
  const over = failed.filter(({ deterministic, invariantsMet }) => deterministic && invariantsMet)
  const broken = failed.filter((outcome) => !over.includes(outcome))
  const names = (outcomes: typeof failed) => outcomes.map(({ scenario }) => scenario)
  return [
    ...(broken.length === 0 ? [] : [`mend ${names(broken).join(', ')}`]),
    ...(over.length === 0
      ? []
      : [`mend ${names(over).join(', ')}, or raise what is over budget${raising(names(over), options)}`]),
  ].join('; ')
}

/** `tune` measures the built-in core alone: limits for another one are written by hand. */
function raising(scenarios: readonly string[], { subject, seed, ...options }: MeasureOptions): string {
  if (subject !== undefined) return ' in the next version of the budgets'
  const given = seed === undefined ? options : { ...options, fromSeed: seed }
  return ` with \`${tuneText(scenarios, given, true)}\``
}

/** Without a snapshot there is nothing to compare with: that has not passed, and has not been checked either. */
export function exitCodeOf(report: Report, gate: Gate): ExitCode {
  if (!report.passed) return NOT_HELD
  if (gate.kind === 'no-snapshot') return NOT_CHECKED
  return gate.drifts.length === 0 ? HELD : NOT_HELD
}

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
    ...(held ? gate.unchecked.map(({ subject, command }) => `not checked: ${subject}; ${command}`) : []),
  ]
}

export const leftOutText = ({ scenario, commands }: LeftOut): string =>
  `left out: ${scenario} needs ${commands.join(', ')}, which the subject does not have`

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
  const last = gate.first === null ? `accept: ${gate.accept}` : `first: ${gate.first}`
  return gateTexts(gate).map(({ scenario, headline, details }) => ({
    title: scenario === undefined ? 'contention' : `${scenario} drifted`,
    message: [headline, ...details, last].join('\n'),
  }))
}

export function gateMarkdown(report: Report, gate: Gate): string {
  const texts = gateTexts(gate)
  const lines = texts.flatMap((text) => driftLines(text, '-').map((line) => line.replace(/^ {6}/, '  - ')))
  const notes = [...notComparedLines(report), ...notRunLines(report, gate)]
  const end =
    gate.first === null ? `Accept with \`${gate.accept}\`.` : `Before anything can be accepted: ${gate.first}.`
  return [
    '## Drift',
    texts.length === 0 ? 'None.' : lines.join('\n'),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join('\n')]),
    ...(texts.length === 0 && gate.first === null ? [] : [end]),
    '',
  ].join('\n\n')
}
