import { Chalk } from 'chalk'
import {
  keptCounterexamples,
  type LoadedCounterexample,
  loadCounterexample,
  loadProject,
  type Project,
  refuseNoBudgetFolder,
} from '../config/index.js'
import { DEFAULT_MAX_STEPS, type Failure, foundIn, runAgain } from '../explore/index.js'
import {
  compareWithSnapshot,
  type Drift,
  type DriftText,
  describeDrift,
  readSnapshot,
  snapshotFile,
} from '../gate/index.js'
import {
  type Annotation,
  plural,
  type Report,
  reportAnnotations,
  reportMarkdown,
  reportTerminal,
  shellWord,
} from '../report/index.js'
import { commandText, optionText } from './command-text.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from './exit-code.js'
import { annotate, summarize } from './github.js'
import { type Io, onScenarioWatch, onWatch } from './io.js'
import { measure } from './measure.js'
import type { CommonOptions } from './options.js'
import { settled } from './settled.js'
import { shownPath } from './shown-path.js'
import { noSnapshotText, noSnapshotTodo } from './snapshot-text.js'

/** What the gate found: how the report differs from the snapshot, and the command that accepts what is there now. */
type Gate = { readonly accept: string } & (
  | { readonly kind: 'compared'; readonly drifts: readonly Drift[] }
  /** There is nothing to compare with: why, and what to do. */
  | { readonly kind: 'no-snapshot'; readonly sentence: string; readonly todo: string }
)

/** Whether there are counterexamples, each of which may have a subject of its own, where there is no configuration. */
export async function callsSubjects({ cwd }: Io): Promise<boolean> {
  return keptCounterexamples(await loadProject(cwd)).length > 0
}

/** `contention check`: runs, compares with the snapshot, and never writes. */
export async function check(io: Io, names: readonly string[], options: CommonOptions): Promise<ExitCode> {
  const project = await loadProject(io.cwd, options.config)
  refuseNoBudgetFolder(project, options.budget)
  const counterexamples = await loadKept(project)
  const { report } = await measure(io, project, names, options)
  const gate = compare(io, project, report, commandText('update', options))
  if (!options.json) io.stdout.write(gateTerminal(io, report, gate, options.quiet === true))
  const kept = await runKept(io, counterexamples, options)
  await settled()
  const broken = kept.filter(({ failure }) => failure !== undefined)
  const code = broken.length > 0 ? NOT_HELD : exitCodeOf(report, gate)

  if (options.json) {
    const failures = kept.map(({ file, failure }) => ({ file: shownPath(io, file), failure: failure ?? null }))
    const result = { verdict: verdicts[code], gate, counterexamples: failures, report }
    io.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  } else io.stdout.write(keptTerminal(io, kept, options.quiet === true))
  annotate(io, [...gateAnnotations(gate), ...keptAnnotations(io, broken), ...reportAnnotations(report)])
  // What the gate found comes first: a report may say PASS of what has drifted, and be cut off.
  summarize(io, `${gateMarkdown(gate)}${keptMarkdown(io, broken)}${reportMarkdown(report)}`)
  return code
}

/** A counterexample that is kept as a regression test, and what it shows now. */
interface Kept {
  readonly file: string
  readonly failure: Failure | undefined
  /** The command that shows it event by event. */
  readonly see: string
}

type LoadedFile = readonly [file: string, example: LoadedCounterexample]

/** One that cannot be used is refused before anything has run. */
async function loadKept(project: Project): Promise<readonly LoadedFile[]> {
  const loaded: LoadedFile[] = []
  for (const file of keptCounterexamples(project)) loaded.push([file, await loadCounterexample(project, file)])
  return loaded
}

async function runKept(
  io: Io,
  counterexamples: readonly LoadedFile[],
  { config }: CommonOptions,
): Promise<readonly Kept[]> {
  const kept: Kept[] = []
  for (const [file, example] of counterexamples) {
    onScenarioWatch(io, [example.scenario])
    const failure = await runAgain(example.scenario, example.plan, {
      subject: onWatch(io, example.subject, shownPath(io, file)),
      maxSteps: example.maxEvents ?? DEFAULT_MAX_STEPS,
      ...(example.invariants === undefined ? {} : { invariants: example.invariants }),
    })
    const see = `npx contention replay ${shellWord(shownPath(io, file))}${optionText('config', config)} --trace`
    kept.push({ file, failure, see })
  }
  return kept
}

function keptTerminal(io: Io, kept: readonly Kept[], quiet: boolean): string {
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const broken = kept.filter(({ failure }) => failure !== undefined)
  if (kept.length === 0 || (quiet && broken.length === 0)) return ''
  if (broken.length === 0) return `${chalk.green('PASS')}  ${plural(kept.length, 'counterexample')} kept, none fails\n`
  const lines = broken.flatMap(({ file, failure, see }) => [
    `${chalk.red('FAIL')}  ${shownPath(io, file)}: ${brokenText(failure)}`,
    `      see ${see}`,
  ])
  return `${lines.join('\n')}\n`
}

function keptAnnotations(io: Io, broken: readonly Kept[]): readonly Annotation[] {
  return broken.map(({ file, failure, see }) => ({
    title: `${shownPath(io, file)} fails`,
    message: `${brokenText(failure)}\nsee ${see}`,
  }))
}

function keptMarkdown(io: Io, broken: readonly Kept[]): string {
  if (broken.length === 0) return ''
  const lines = broken.flatMap(({ file, failure, see }) => [
    `- ${shownPath(io, file)}: ${brokenText(failure)}`,
    `  - see \`${see}\``,
  ])
  return `## Counterexamples that fail\n\n${lines.join('\n')}\n\n`
}

function brokenText(failure: Failure | undefined): string {
  if (failure === undefined) return ''
  const { what, message, atMs } = foundIn(failure)
  return `${what} at ${atMs} ms: ${message}`
}

/** Without a snapshot there is nothing to compare with: that has not passed, and has not been checked either. */
function exitCodeOf(report: Report, gate: Gate): ExitCode {
  if (!report.passed) return NOT_HELD
  if (gate.kind === 'no-snapshot') return NOT_CHECKED
  return gate.drifts.length === 0 ? HELD : NOT_HELD
}

function compare(io: Io, project: Project, report: Report, accept: string): Gate {
  const found = readSnapshot(project.snapshotFolder)
  if (found.kind !== 'snapshot') {
    const file = shownPath(io, snapshotFile(project.snapshotFolder))
    return { kind: 'no-snapshot', sentence: noSnapshotText(found, file), todo: noSnapshotTodo(found, accept), accept }
  }
  const existing = project.scenarios.map(({ name }) => name)
  return { kind: 'compared', drifts: compareWithSnapshot(report, found.snapshot, existing), accept }
}

function gateTerminal(io: Io, report: Report, gate: Gate, quiet: boolean): string {
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const failures = report.passed ? '' : reportTerminal(report, { chalk, quiet: true })
  if (gate.kind === 'no-snapshot') {
    return `${failures}${chalk.red('FAIL')}  ${gate.sentence}\n      ${gate.todo}\n`
  }
  if (gate.drifts.length === 0) {
    if (!report.passed) return `${failures}no drift: ${behaving(report)} as in the snapshot\n`
    return quiet
      ? ''
      : `${chalk.green('PASS')}  no drift: ${behaving(report)} as in the snapshot${withinBudget(report)}\n`
  }
  const lines = gate.drifts.map(describeDrift).flatMap((text) => driftLines(text, chalk.red('DRIFT')))
  return [
    `${failures}${lines.join('\n')}`,
    '',
    `If this is what you want: \`${gate.accept}\`, look at the difference, and commit it.`,
    '',
  ].join('\n')
}

function behaving({ outcomes }: Report): string {
  return outcomes.length === 1 ? '1 scenario behaves' : `${outcomes.length} scenarios behave`
}

/** What a report that passed says of budgets: a scenario without one is within none. */
function withinBudget({ outcomes }: Report): string {
  const without = outcomes.filter(({ budget }) => budget === undefined).map(({ scenario }) => scenario)
  if (without.length === 0) return ', within budget'
  const within = outcomes.length - without.length
  return `${within === 0 ? '' : `, ${within} within budget`}; no budget: ${without.join(', ')}`
}

function driftLines({ scenario, headline, details }: DriftText, label: string): readonly string[] {
  const what = scenario === undefined ? headline : `${scenario}: ${headline}`
  return [`${label} ${what}`, ...details.map((detail) => `      ${detail}`)]
}

function gateTexts(gate: Gate): readonly DriftText[] {
  if (gate.kind === 'compared') return gate.drifts.map(describeDrift)
  return [{ scenario: undefined, headline: gate.sentence, details: [] }]
}

function gateAnnotations(gate: Gate): readonly Annotation[] {
  return gateTexts(gate).map(({ scenario, headline, details }) => ({
    title: scenario === undefined ? 'contention' : `${scenario} drifted`,
    message: [headline, ...details, `accept: ${gate.accept}`].join('\n'),
  }))
}

function gateMarkdown(gate: Gate): string {
  const texts = gateTexts(gate)
  if (texts.length === 0) return '## Drift\n\nNone.\n\n'
  const lines = texts.flatMap((text) => driftLines(text, '-').map((line) => line.replace(/^ {6}/, '  - ')))
  return `## Drift\n\n${lines.join('\n')}\n\nAccept with \`${gate.accept}\`.\n\n`
}
