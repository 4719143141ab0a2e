import { Chalk } from 'chalk'
import { loadProject, refuseNoBudgetFolder } from '../config/index.js'
import {
  compareWithSnapshot,
  readSnapshot,
  snapshotFile,
  snapshotReportMarkdown,
  writeAtomically,
} from '../gate/index.js'
import { InputError } from '../input/index.js'
import { plural, reportTerminal, shortSignature } from '../report/index.js'
import { commandText } from './command-text.js'
import { type ExitCode, HELD, NOT_HELD } from './exit-code.js'
import type { Io } from './io.js'
import { measure } from './measure.js'
import type { CommonOptions } from './options.js'
import { shownPath } from './shown-path.js'

export interface UpdateOptions extends CommonOptions {
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
  const { report } = await measure(io, project, [], options)
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const file = snapshotFile(project.snapshotFolder)
  if (!report.passed) {
    if (options.json) io.stdout.write(`${JSON.stringify({ verdict: 'not-held', written: null, report }, null, 2)}\n`)
    else
      io.stdout.write(
        `${reportTerminal(report, { chalk, quiet: true })}nothing written: ${shownPath(io, file)} is as it was\n`,
      )
    return NOT_HELD
  }
  const before = readSnapshot(project.snapshotFolder)
  const existing = project.scenarios.map(({ name }) => name)
  const same = before.kind === 'snapshot' && compareWithSnapshot(report, before.snapshot, existing).length === 0
  writeAtomically(file, snapshotReportMarkdown(report))
  if (options.json) io.stdout.write(`${JSON.stringify({ verdict: 'held', written: file, report }, null, 2)}\n`)
  else if (!options.quiet) {
    io.stdout.write(
      `${same ? 'unchanged' : 'written'}: ${shownPath(io, file)}, ${plural(report.outcomes.length, 'scenario')} · ${shortSignature(report.signature)}\n`,
    )
    const check = commandText('check', options)
    if (check !== commandText('check', {})) io.stdout.write(`to compare with it: ${check}\n`)
  }
  return HELD
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
