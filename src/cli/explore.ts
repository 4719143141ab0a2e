import { hasConfig } from '../config/find.js'
import { loadProject, loadSubjects, type Project, scenarioNamed } from '../config/index.js'
import { InputError } from '../input/index.js'
import type { Scenario } from '../scenario/index.js'
import { type Emit, exploreExhaustively, refuseForExhaustive } from './explore/exhaustively.js'
import { exploreSubject } from './explore/subject.js'
import { type ExploreCliOptions, patienceOption, workersOption } from './options/options.js'
import { withStore } from './options/store.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from './terminal/exit-code.js'
import type { Io } from './terminal/io.js'
import { tryLoading } from './threads/load-limit.js'

/** `contention explore`: many seeds, each with faults of its own, on all cores; what fails is made small, told and kept. */
export async function explore(io: Io, names: readonly string[], options: ExploreCliOptions): Promise<ExitCode> {
  if (options.strategy === 'exhaustive') refuseForExhaustive(names, options)
  refuseTwoFolders(options)
  const given = { directory: io.cwd, configFile: options.config, subjects: options.subject ?? [] }
  const ownCode = given.subjects.length > 0 || (await hasConfig(io.cwd, options.config))
  // A thread that is watched is ended anyway.
  if (ownCode && io.watch === undefined) await tryLoading(given, patienceOption(options.patience))
  const project = await loadProject(io.cwd, options.config)
  const scenarios = selected(project, names)
  const subjects = await loadSubjects(project, io.cwd, given.subjects)
  const documents: object[] = []
  const emit: Emit = (document) => void documents.push(document)
  const codes: ExitCode[] = []
  const quiet = options.quiet === true || options.json === true
  await withStore(io, project, options.store, { quiet, workers: workersOption(io, options.workers) }, async (store) => {
    const what = { io, project, scenarios, store: store.share(), options, named: names.length > 0, emit }
    for (const loaded of subjects) {
      const subject = { ...loaded, subject: store.put(loaded.subject) }
      const { code, interrupted } =
        options.strategy === 'exhaustive'
          ? await exploreExhaustively(io, subject, options, emit)
          : await exploreSubject(what, subject)
      codes.push(code)
      if (interrupted || store.interrupted()) break
    }
    const left = subjects.slice(codes.length).map(({ subject }) => subject.name)
    if (left.length === 0) return
    codes.push(NOT_CHECKED)
    io.stderr.write(`not explored: ${left.join(', ')}\n`)
  })
  const code = codes.includes(NOT_HELD) ? NOT_HELD : codes.includes(NOT_CHECKED) ? NOT_CHECKED : HELD
  if (options.json) {
    const document = documents.length === 1 ? documents[0] : { verdict: verdicts[code], subjects: documents }
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  }
  return code
}

function refuseTwoFolders({ save, output }: ExploreCliOptions): void {
  if (!save || output === undefined) return
  throw new InputError({
    what: '--save and --output both say where counterexamples go',
    expected: 'one of them: --save is the folder in which `contention check` looks',
  })
}

/** Without names: those that are made for it. */
function selected(project: Project, names: readonly string[]): readonly Scenario[] {
  if (names.length > 0) return [...new Set(names)].map((name) => scenarioNamed(name, project.explorable))
  return project.explored
}
