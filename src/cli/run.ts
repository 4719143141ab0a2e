import { loadProject, refuseNoBudgetFolder } from '../config/index.js'
import { reportAnnotations, reportMarkdown } from '../report/index.js'
import { measure, namedSubject } from './measure/measure.js'
import { proposeText } from './options/command-text.js'
import { tellLeftOut } from './options/lacking.js'
import type { MeasureOptions } from './options/options.js'
import { annotate, summarize } from './report/github.js'
import { type ReporterOptions, resolveReporters, show } from './report/reporters.js'
import { type ExitCode, HELD, NOT_HELD } from './terminal/exit-code.js'
import type { Io } from './terminal/io.js'

/** `contention run`: runs scenarios twice each, judges them, and reports. */
export async function run(
  io: Io,
  names: readonly string[],
  options: MeasureOptions & ReporterOptions,
): Promise<ExitCode> {
  const reporters = resolveReporters(io, options)
  const project = await loadProject(io.cwd, options.config)
  refuseNoBudgetFolder(project, options.budget)
  const loaded = await namedSubject(io, project, options)
  const { report, leftOut } = await measure(io, project, names, options, { loaded, command: 'run' })
  tellLeftOut(io, leftOut, options)
  const noBudgetTodo = (scenario: string) => proposeText(scenario, options)
  const subject = loaded?.subject.name
  show(io, report, reporters, { quiet: options.quiet === true, noBudgetTodo, subject, leftOut })
  // GitHub reads stdout as well.
  if (!reporters.some(({ name, file }) => name === 'github' && file === undefined)) {
    annotate(io, reportAnnotations(report))
  }
  summarize(io, reportMarkdown(report, subject))
  return report.passed ? HELD : NOT_HELD
}
