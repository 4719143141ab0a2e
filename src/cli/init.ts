import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Chalk } from 'chalk'
import { budgetFileName, defaultBudgets, printBudgets } from '../budget/index.js'
import {
  budgetSchema,
  budgetVersions,
  installedPackage,
  loadProject,
  loadSubjects,
  type Project,
  packageBudgets,
  subjectSnapshots,
} from '../config/index.js'
import { fileError, readSnapshot, snapshotFile, snapshotReportMarkdown, writeAtomically } from '../gate/index.js'
import { InputError } from '../input/index.js'
import { type Report, reportTerminal, shellWord } from '../report/index.js'
import { noSnapshotText } from './gate/snapshot-text.js'
import type { PackageManager } from './init/package-manager.js'
import { type ProjectFile, workflow } from './init/workflow.js'
import { measure } from './measure/measure.js'
import { commandText, tuneText } from './options/command-text.js'
import { type ExitCode, HELD, NOT_HELD } from './terminal/exit-code.js'
import type { Io } from './terminal/io.js'
import { shownPath } from './terminal/shown-path.js'

export interface InitOptions {
  readonly patience?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

const CONFIG = `import { defineConfig } from 'contention'

export default defineConfig({
  // Scenarios of your own: files whose exports are made with defineScenario.
  scenarios: [],
  // Lease cores of your own: files whose default export is made with defineSubject.
  // subjects: ['./my-lease.ts'],
  // The built-in ones run beside them: true, false, or a list of names.
  builtIn: true,
})
`

/** What became of one file. */
interface Made {
  readonly file: string
  readonly written: boolean
}

/**
 * `contention init`: configuration, budgets, CI workflow and first snapshot of a project, where its configuration wants them.
 * Never changes a file that exists, and writes nothing where a scenario does not hold, or before all is known to be in order.
 */
export async function init(io: Io, options: InitOptions): Promise<ExitCode> {
  const project = await loadProject(io.cwd)
  refuseBelow(io, project)
  refuseUselessSnapshot(io, project)
  const snapshot = snapshotFile(project.snapshotFolder)
  const subjects = project.subjectFiles.map((file) => shownPath(io, file))
  const { manager, missing, ...inCi } = workflow(io.cwd, { files: subjects, conform: await haveParts(io, project) })
  const files = [...projectFiles(io, project), inCi]
  for (const file of [...files.map((each) => each.file), snapshot]) refuseUnwritable(file)
  const { patience } = options
  const { report } = await measure(io, project, [], patience === undefined ? {} : { patience }, {
    loaded: undefined,
    command: 'init',
  })
  const made = report.passed ? [...files, { file: snapshot, text: snapshotReportMarkdown(report) }].map(make) : []

  if (options.json) {
    io.stdout.write(
      `${JSON.stringify({ verdict: report.passed ? 'held' : 'not-held', files: made, report }, null, 2)}\n`,
    )
  } else
    io.stdout.write(
      initTerminal(
        io,
        {
          ...{ made, report, manager, subjects, missing },
          subjectSnapshots: subjectSnapshots(project),
          budgetFolder: project.budgetFolder,
          workflow: inCi.file,
        },
        options.quiet === true,
      ),
    )
  return report.passed ? HELD : NOT_HELD
}

/** Its configuration and budgets. */
function projectFiles(io: Io, project: Project): readonly ProjectFile[] {
  const { configFile = join(io.cwd, 'contention.config.ts'), budgetFolder } = project
  const version = budgetVersions(budgetFolder).at(-1) ?? defaultBudgets.version
  return [
    { file: configFile, text: CONFIG },
    {
      file: join(budgetFolder, budgetFileName(version)),
      text: printBudgets(packageBudgets(project), budgetSchema(project)),
    },
  ]
}

/** Whether each subject has a part beside a client; of one that cannot be loaded it is told when it is run. */
async function haveParts(io: Io, project: Project): Promise<boolean> {
  try {
    const loaded = await loadSubjects(project, io.cwd, project.subjectFiles)
    return loaded.every(({ subject: { core, log, jobs } }) => [core, log, jobs].some((part) => part !== undefined))
  } catch {
    return true
  }
}

/** A project within a project would hide that one from all that is run here. */
function refuseBelow(io: Io, { configFile, root }: Project): void {
  if (configFile === undefined || root === io.cwd) return
  throw new InputError({
    what: 'this folder is in a project already',
    file: configFile,
    expected: 'a folder that no configuration above it counts for',
    todo: `run \`npx contention init\` in ${root}; or, for a project of its own, put a contention.config.json that holds {} here first`,
  })
}

/** A snapshot that is there is kept: the gate has to be able to read it. */
function refuseUselessSnapshot(io: Io, { snapshotFolder }: Project): void {
  const found = readSnapshot(snapshotFolder)
  if (found.kind === 'snapshot' || found.kind === 'missing') return
  const file = snapshotFile(snapshotFolder)
  throw new InputError({
    what: noSnapshotText(found, shownPath(io, file)),
    todo: `${found.kind === 'newer' ? 'upgrade contention' : 'take it back from git'}, or delete it, and run \`npx contention init\` again`,
  })
}

/** Refuses a file that is missing and could not be made. */
function refuseUnwritable(file: string): void {
  if (existsSync(file)) return
  let folder = dirname(file)
  while (!existsSync(folder)) folder = dirname(folder)
  try {
    // Says so when it is a file.
    readdirSync(folder)
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw fileError(error, file, 'write')
  }
}

function make({ file, text }: ProjectFile): Made {
  const written = !existsSync(file)
  if (written) writeAtomically(file, text)
  return { file, written }
}

/** What `init` came to. */
interface Done {
  readonly made: readonly Made[]
  readonly report: Report
  readonly manager: PackageManager
  /** The files of the subjects, as people would type them. */
  readonly subjects: readonly string[]
  /** The folder of their snapshots. */
  readonly subjectSnapshots: string
  readonly budgetFolder: string
  readonly workflow: string
  /** The steps that it lacks, where it was kept. */
  readonly missing: readonly string[]
}

function initTerminal(io: Io, done: Done, quiet: boolean): string {
  const { made, report, manager } = done
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const lines = made.map(
    ({ file, written }) => `${written ? chalk.green('written') : chalk.dim('kept   ')} ${shownPath(io, file)}\n`,
  )
  if (!report.passed)
    return `${reportTerminal(report, { chalk, quiet: true })}nothing written: mend it, and run \`npx contention init\` again\n`
  if (quiet) return ''
  const { name, other } = manager
  const doubt =
    other === undefined ? '' : `\nThe workflow is for ${name}: change its steps if ${other} is what counts.\n`
  const steps = nextSteps(io, done).map((step) => `  ${step}\n`)
  return `${lines.join('')}${doubt}\nNext:\n${steps.join('')}`
}

/** What is left to be done: of each subject the first snapshot is made by hand. */
function nextSteps(io: Io, done: Done): readonly string[] {
  const { made, manager, subjects, subjectSnapshots: folder, workflow: inCi, missing } = done
  const installed = installedPackage(io.cwd) !== undefined
  const accepted = existsSync(folder) && readdirSync(folder).length >= subjects.length
  const toAccept = accepted ? [] : subjects
  const toTune = withoutBudget(done)
  const files = [
    ...made.filter(({ written }) => written).map(({ file }) => (toTune.length > 0 ? budgetsOr(file, done) : file)),
    ...(missing.length > 0 ? [inCi] : []),
    ...(toAccept.length > 0 ? [folder] : []),
  ]
  const on = (command: string, file: string) => commandText(command, { subject: file })
  return [
    ...(missing.length === 0 ? [] : [`add to the steps in ${shownPath(io, inCi)}, which is kept as it is:`]),
    ...missing.map((step) => `    - ${step}`),
    ...(installed ? [] : [manager.add]),
    ...(toTune.length === 0 ? [] : [tuneText(toTune, {}, false), commandText('update', {})]),
    ...toAccept.map((file) => on('update', file)),
    ...(files.length === 0 ? [] : [`git add ${files.map((file) => shellWord(shownPath(io, file))).join(' ')}`]),
    commandText('check', {}),
    ...subjects.map((file) => on('check', file)),
  ]
}

/** The scenarios that the first budgets have nothing for: limits that come later are drift in the snapshot. */
function withoutBudget({ made, report, budgetFolder }: Done): readonly string[] {
  if (!made.some(({ file, written }) => written && dirname(file) === budgetFolder)) return []
  return report.outcomes.filter(({ budget }) => budget === undefined).map(({ scenario }) => scenario)
}

/** A second file will be beside that of the budgets. */
const budgetsOr = (file: string, { budgetFolder }: Done): string =>
  dirname(file) === budgetFolder ? budgetFolder : file
