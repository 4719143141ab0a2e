import { existsSync } from 'node:fs'
import { Chalk } from 'chalk'
import { loadProject, refuseNoBudgetFolder } from '../config/index.js'
import { snapshotFile, snapshotReportMarkdown, writeChanged } from '../gate/index.js'
import { InputError } from '../input/index.js'
import { plural, reportTerminal, shortSignature } from '../report/index.js'
import { todoFirst } from './gate/gate.js'
import { snapshotAt, snapshotPlace } from './gate/snapshot-place.js'
import { type Measured, measure, namedSubject } from './measure/measure.js'
import { commandText } from './options/command-text.js'
import { leftOutText } from './options/lacking.js'
import type { MeasureOptions } from './options/options.js'
import { type ExitCode, HELD, NOT_HELD } from './terminal/exit-code.js'
import type { Io } from './terminal/io.js'
import { shownPath } from './terminal/shown-path.js'

export interface UpdateOptions extends MeasureOptions {
  readonly force?: boolean
}

/**
 * `contention update`: runs every scenario and accepts what they do now as the snapshot. What did not hold is not accepted:
 * a snapshot of it would make the gate defend a fault.
 */
export async function update(io: Io, options: UpdateOptions): Promise<ExitCode> {
  refuseInCi(io, options)
  const project = await loadProject(io.cwd, options.config)
  refuseNoBudgetFolder(project, options.budget)
  const loaded = await namedSubject(io, project, options)
  const place = await snapshotPlace(project, loaded)
  // That of another subject is not written over.
  snapshotAt(place)
  const file = snapshotFile(place.folder)
  const measured = await measure(io, project, [], options, { loaded, command: 'update' })
  const { report, leftOut } = measured
  const written = report.passed && writeChanged(file, snapshotReportMarkdown(report, place.subject))
  if (options.json) {
    const verdict = report.passed ? 'held' : 'not-held'
    const document = { verdict, subject: place.subject ?? null, written: written ? file : null, leftOut, report }
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  } else if (!report.passed) io.stdout.write(refusedText(io, measured, file, options))
  else if (!options.quiet) io.stdout.write(acceptedText(io, measured, { file, written }, options))
  return report.passed ? HELD : NOT_HELD
}

function refusedText(io: Io, { report }: Measured, file: string, options: UpdateOptions): string {
  const failures = reportTerminal(report, { chalk: new Chalk({ level: io.stdout.colorLevel }), quiet: true })
  const kept = existsSync(file) ? 'is as it was' : 'is still missing'
  return `${failures}nothing written: ${shownPath(io, file)} ${kept}\nfirst: ${todoFirst(report, options)}\n`
}

function acceptedText(
  io: Io,
  { report, leftOut }: Measured,
  { file, written }: { readonly file: string; readonly written: boolean },
  options: UpdateOptions,
): string {
  const what = `${plural(report.outcomes.length, 'scenario')} · ${shortSignature(report.signature)}`
  const check = commandText('check', options)
  return [
    `${written ? 'written' : 'unchanged'}: ${shownPath(io, file)}, ${what}\n`,
    ...leftOut.map((each) => `${leftOutText(each)}\n`),
    ...(check === commandText('check', {}) ? [] : [`to compare with it: ${check}\n`]),
  ].join('')
}

/** In CI a snapshot is what was reviewed and committed; a job that wrote its own would compare with itself. */
function refuseInCi(io: Io, options: UpdateOptions): void {
  const ci = io.env['CI']
  if (options.force || ci === undefined || ci === '' || ci === 'false' || ci === '0') return
  throw new InputError({
    what: 'update does not write in CI',
    found: `CI=${ci}`,
    expected: 'a developer who looks at the difference and commits it',
    todo: `run \`${commandText('update', options)}\` on your machine, or pass --force`,
  })
}
