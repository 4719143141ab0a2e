import { Chalk } from 'chalk'
import { keptCounterexamples, loadProject, type Project, refuseNoBudgetFolder } from '../config/index.js'
import { reportAnnotations, reportMarkdown } from '../report/index.js'
import { exitCodeOf, gateOf, type Unchecked } from './gate/gate.js'
import { gateAnnotations, gateMarkdown, gateTerminal } from './gate/gate-text.js'
import { keptAnnotations, keptMarkdown, keptTerminal, loadKept, runKept } from './gate/kept-counterexamples.js'
import { snapshotPlace } from './gate/snapshot-place.js'
import { isCheckedInCi } from './init/workflow.js'
import { measure, namedSubject } from './measure/measure.js'
import { commandText } from './options/command-text.js'
import type { MeasureOptions } from './options/options.js'
import { annotate, summarize, warn } from './report/github.js'
import { type ExitCode, HELD, NOT_HELD, verdicts } from './terminal/exit-code.js'
import type { Io } from './terminal/io.js'
import { settled } from './terminal/settled.js'
import { shownPath } from './terminal/shown-path.js'

/** Whether there are counterexamples, each of which may have a subject of its own, where there is no configuration. */
export async function callsSubjects({ cwd }: Io): Promise<boolean> {
  return keptCounterexamples(await loadProject(cwd)).length > 0
}

/** `contention check`: runs, compares with the snapshot, and never writes. */
export async function check(io: Io, names: readonly string[], options: MeasureOptions): Promise<ExitCode> {
  const project = await loadProject(io.cwd, options.config)
  refuseNoBudgetFolder(project, options.budget)
  const counterexamples = await loadKept(project)
  const loaded = await namedSubject(io, project, options)
  const place = await snapshotPlace(project, loaded)
  const measured = await measure(io, project, names, options, { loaded, command: 'check' })
  const { report } = measured
  const gate = gateOf({
    measured,
    place,
    existing: project.scenarios.map(({ name }) => name),
    unchecked: uncheckedSubjects(io, project, options),
    options,
    shown: (file) => shownPath(io, file),
  })
  const shownAs = { chalk: new Chalk({ level: io.stdout.colorLevel }), quiet: options.quiet === true }
  const told = options.json ? '' : gateTerminal(report, gate, shownAs)
  const gateCode = exitCodeOf(report, gate)
  // What did not hold comes last: who reads no more than the end reads the verdict.
  if (gateCode === HELD) io.stdout.write(told)
  const kept = await runKept(io, counterexamples, options)
  await settled()
  const broken = kept.filter(({ failure }) => failure !== undefined)
  const code = broken.length > 0 ? NOT_HELD : gateCode

  if (options.json) {
    const failures = kept.map(({ file, failure }) => ({ file: shownPath(io, file), failure: failure ?? null }))
    const subject = place.subject ?? null
    const result = { verdict: verdicts[code], subject, gate, counterexamples: failures, report }
    io.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  } else {
    const keptTold = keptTerminal(io, kept, options.quiet === true)
    const late = gateCode === HELD ? '' : told
    io.stdout.write(broken.length > 0 ? `${late}${keptTold}` : `${keptTold}${late}`)
  }
  annotate(io, [...gateAnnotations(gate), ...keptAnnotations(io, broken), ...reportAnnotations(report)])
  warn(io, uncheckedWarnings(io, gate.unchecked))
  // What the gate found comes first: a report may say PASS of what has drifted, and be cut off.
  const found = `${gateMarkdown(report, gate)}${keptMarkdown(io, broken)}`
  summarize(io, `${found}${reportMarkdown(report, place.subject)}`)
  return code
}

/** What runs on the built-in core says nothing of those of the configuration. */
function uncheckedSubjects(io: Io, { subjectFiles }: Project, options: MeasureOptions): readonly Unchecked[] {
  if (options.subject !== undefined) return []
  return subjectFiles.map((path) => {
    const file = shownPath(io, path)
    return { file, command: commandText('check', { ...options, subject: file }) }
  })
}

/** What no step of CI checks would be green for ever; what another step does is not pointed out in this one. */
const uncheckedWarnings = (io: Io, unchecked: readonly Unchecked[]): readonly string[] =>
  unchecked
    .filter(({ file }) => !isCheckedInCi(io.cwd, file))
    .map(
      ({ file, command }) => `${file} is a subject of the configuration, and was not checked: add a step, ${command}`,
    )
