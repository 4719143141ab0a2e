import { closeSync, existsSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { predictWorkerFailure } from '../../scenarios/index.js'
import {
  allPassed,
  type Comparison,
  canonical,
  compare,
  comparisonRows,
  type Evidence,
  gateLines,
  gatesOf,
  Interrupted,
  parseLog,
  verify as runVerify,
  sortedJson,
  summaryMarkdown,
  type Verdict,
  type VerifyOptions,
} from '../fabric/index.js'
import { fileError } from '../gate/index.js'
import { InputError } from '../input/index.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from './terminal/exit-code.js'
import { onInterrupt } from './terminal/interrupt.js'
import type { Io } from './terminal/io.js'
import { askedOf, MAX_N, UNKNOWN_COMMIT, type VerifyCliOptions } from './verify/options.js'

/** What the model says. Its counts do not depend on the seed. */
const predicted: VerifyOptions['predict'] = (failure, jobs) => predictWorkerFailure(failure, { jobs, seed: 1 })

/** `contention verify`: workers on a real Postgres are broken, and the database is asked what became of their jobs. */
export async function verify(
  io: Io,
  options: VerifyCliOptions,
  predict: VerifyOptions['predict'] = predicted,
): Promise<ExitCode> {
  tryToWrite(io, options)
  const code =
    options.from === undefined ? await run(io, options, predict) : await judgeLog(io, options, options.from, predict)
  if (code !== HELD || (await io.stdout.delivered())) return code
  io.stderr.write('what was printed has not reached anybody in full: nothing is proven by it\n')
  return NOT_CHECKED
}

async function run(io: Io, options: VerifyCliOptions, predict: VerifyOptions['predict']): Promise<ExitCode> {
  const asked = askedOf(io, options, predict)
  if (asked.commit === UNKNOWN_COMMIT) {
    io.stderr.write(
      `no commit is checked out in ${io.cwd}, and nobody has said which one is verified: --commit SHA does\n`,
    )
  }
  // A second signal ends the process at once, and its workers with it: what it leaves in the database, the next run clears.
  const interrupt = onInterrupt({ onSecond: (number) => process.exit(128 + number) })
  const left: string[] = []
  // However quiet a run is to be: somebody may have to see to it.
  const onLeft = (what: string) => {
    left.push(what)
    io.stderr.write(`${what}\n`)
  }
  try {
    const evidence = await runVerify({ ...asked, signal: interrupt.signal, onLeft })
    return tell(io, options, evidence, placeOfEvidence(options), left)
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    if (options.json)
      io.stdout.write(`${JSON.stringify({ verdict: verdicts[NOT_CHECKED], error: { what: error.message } })}\n`)
    io.stderr.write(`${error.message}${left.length > 0 ? '' : '; nothing is left of it'}\n`)
    return NOT_CHECKED
  } finally {
    interrupt.dispose()
  }
}

function placeOfEvidence({ json, quiet }: VerifyCliOptions): string {
  if (json) return "this run's standard output, as JSON"
  return quiet ? 'nowhere, as this run was to be quiet' : "this run's standard output"
}

async function judgeLog(
  io: Io,
  options: VerifyCliOptions,
  file: string,
  predict: VerifyOptions['predict'],
): Promise<ExitCode> {
  const ofRuns = ['databaseUrl', 'allowRemote', 'n', 'scenario', 'engine', 'retryDelayScale', 'commit'] as const
  const given = ofRuns.filter((name) => options[name] !== undefined)
  if (given.length > 0) {
    throw new InputError({
      what: '--from judges a log, and runs nothing',
      found: given.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`).join(', '),
      expected: '--from with --summary, --canonical, --json or --quiet alone',
    })
  }
  const evidence = parseLog(readLog(resolve(io.cwd, file), file))
  if (evidence.configuration === undefined && evidence.verdicts.length === 0) {
    throw new InputError({
      what: 'the log holds no evidence',
      file,
      expected: 'what `contention verify` has printed',
      todo: 'keep its standard output, with or without --json, but not with --quiet: contention verify | tee verify.log',
    })
  }
  return tell(io, options, await predictedAnew(evidence, predict), file)
}

/** A log may say of the model what it likes: the model is here. */
async function predictedAnew(evidence: Evidence, predict: VerifyOptions['predict']): Promise<Evidence> {
  const { comparison, verdicts: found, damage } = evidence
  if (comparison === undefined || predict === undefined) return evidence
  // What no run can be asked for, no model has to be.
  const anew = found.some(({ n }) => n > MAX_N) ? [] : await compare(found, predict)
  const isSame = sortedJson(byScenario(anew)) === sortedJson(byScenario(comparison))
  return isSame ? evidence : { ...evidence, damage: [...damage, 'the comparison is not what model and verdicts say'] }
}

const byScenario = (comparison: readonly Comparison[]): readonly Comparison[] =>
  [...comparison].sort((a, b) => (a.scenario < b.scenario ? -1 : 1))

function readLog(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw fileError(error, file, 'read')
  }
}

/** `left` is what the run could not remove: whoever has to see to it is told by the exit code as well. */
function tell(
  io: Io,
  options: VerifyCliOptions,
  found: Evidence,
  source: string,
  left: readonly string[] = [],
): ExitCode {
  // In a log they stand in the order in which they came about.
  const evidence = { ...found, verdicts: [...found.verdicts].sort((a, b) => (a.scenario < b.scenario ? -1 : 1)) }
  const gates = gatesOf(evidence)
  const held = allPassed(gates) && evidence.verdicts.every(({ passed }) => passed)
  const code = !held ? NOT_HELD : left.length > 0 ? NOT_CHECKED : HELD
  if (options.summary !== undefined) write(io, options.summary, summaryMarkdown(evidence, source))
  if (options.canonical !== undefined) write(io, options.canonical, canonical(evidence))
  if (options.json) {
    io.stdout.write(`${JSON.stringify({ verdict: verdicts[code], gates, left, ...evidence }, null, 2)}\n`)
    return code
  }
  const shownVerdicts = evidence.verdicts.filter(({ passed }) => !passed || options.quiet !== true)
  const shownGates = gates.filter(({ passed }) => !passed || options.quiet !== true)
  const lines = [...shownVerdicts.flatMap(verdictLines), ...gateLines(shownGates), ...modelLines(options, evidence)]
  if (lines.length > 0) io.stdout.write(`${lines.join('\n')}\n`)
  return code
}

function verdictLines({ scenario, title, passed, reasons }: Verdict): readonly string[] {
  return [`${passed ? 'PASS' : 'FAIL'}  ${scenario} ${title}`, ...reasons.map((reason) => `      ${reason}`)]
}

/** Model and reality side by side. */
function modelLines({ quiet }: VerifyCliOptions, { comparison }: Evidence): readonly string[] {
  if (comparison === undefined) return quiet === true ? [] : ['model and reality: not compared']
  const rows = comparison.flatMap(comparisonRows).filter((row) => quiet !== true || row.at(-1) !== 'yes')
  if (rows.length === 0) return []
  const all = [['', 'count', 'model', 'reality', 'same'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] as string).length)))
  return all.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** What is to be written at the end, has to be possible before anything is begun. */
function tryToWrite(io: Io, { summary, canonical: form }: VerifyCliOptions): void {
  for (const file of [summary, form]) {
    if (file === undefined) continue
    const path = resolve(io.cwd, file)
    const isNew = !existsSync(path)
    writing(file, () => closeSync(openSync(path, 'a')))
    // A link that led nowhere stays: what it leads to now is gone again.
    if (isNew) rmSync(realpathSync(path), { force: true })
  }
}

const write = (io: Io, file: string, text: string): void =>
  writing(file, () => writeFileSync(resolve(io.cwd, file), text))

function writing(file: string, what: () => void): void {
  try {
    what()
  } catch (error) {
    const found = (error as Error).message
    throw new InputError(
      { what: 'the file cannot be written', file, found, expected: 'a path that can be' },
      { cause: error },
    )
  }
}
