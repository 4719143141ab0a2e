import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { upwardWith } from '../../config/index.js'
import { fileError } from '../../gate/index.js'
import { shellWord } from '../../report/index.js'
import { type PackageManager, packageManager } from './package-manager.js'

/** A file of a project, and what it holds when it is made. */
export interface ProjectFile {
  readonly file: string
  readonly text: string
}

/** The subjects of a project as its workflow runs them. */
export interface CiSubjects {
  /** Relative to the folder of the project. */
  readonly files: readonly string[]
  /** Whether each has a part that `conformance` asks: it has nothing to ask of a client alone. */
  readonly conform: boolean
}

/** The workflow of a project; and the steps that it lacks where it is there already, and is not changed. */
export interface Workflow extends ProjectFile {
  readonly manager: PackageManager
  readonly missing: readonly string[]
}

/**
 * The workflow that runs the gate of the project in `folder`: GitHub looks for it in the root of the repository alone, so that
 * a package within one has to say where it is, and a second package has a file of its own.
 */
export function workflow(folder: string, subjects: CiSubjects): Workflow {
  const repository = upwardWith(folder, '.git') ?? folder
  const within = relative(repository, folder).split(sep).join('/')
  const file = (name: string) => join(repository, '.github', 'workflows', `${name}.yml`)
  const own = `contention-${(within || basename(repository)).replaceAll(/[^\w.]+/g, '-')}`
  let name = 'contention'
  for (let number = 1; isOthers(file(name), within); number++) name = number === 1 ? own : `${own}-${number}`
  const manager = packageManager(folder, repository)
  const runs = runsOf(manager, subjects)
  const missing = existsSync(file(name)) ? runs.filter(({ isIn }) => !isIn(inCi(folder, [file(name)]))) : []
  return {
    file: file(name),
    text: workflowText(within, manager, runs),
    manager,
    missing: missing.map(({ line }) => line),
  }
}

/** Whether some workflow of the repository that `folder` is in, or a script of a package there, checks a subject. */
export function isCheckedInCi(folder: string, subject: string): boolean {
  const workflows = join(upwardWith(folder, '.git') ?? folder, '.github', 'workflows')
  const files = existsSync(workflows) ? readdirSync(workflows).filter((name) => /\.ya?ml$/.test(name)) : []
  const text = inCi(
    folder,
    files.map((name) => join(workflows, name)),
  )
  return checksSubject(text, subject)
}

/** What the workflows say, and the scripts that they may run. */
function inCi(folder: string, workflows: readonly string[]): string {
  const repository = upwardWith(folder, '.git') ?? folder
  const packages = [folder, repository].map((each) => join(each, 'package.json')).filter((file) => existsSync(file))
  return [...workflows, ...packages].map(textOf).join('\n')
}

/** A step of the workflow that runs a command of ours. */
interface Run {
  readonly line: string
  /** Whether what there is for CI runs it, in whatever words. */
  isIn(text: string): boolean
}

/** Few enough not to be waited for; who changes a lease core explores more of them. */
const CI_SEEDS = 200

function runsOf({ exec }: PackageManager, { files, conform }: CiSubjects): readonly Run[] {
  const run = (command: string, isIn: Run['isIn']): Run => ({ line: `run: ${yamlLine(`${exec} ${command}`)}`, isIn })
  const any = (command: string, given = ''): Run =>
    run(`contention ${command}${given}`, (text) => new RegExp(`contention ${command}\\b`).test(text))
  return [
    any('check'),
    ...files.map((file) => run(`contention check --subject ${shellWord(file)}`, (text) => checksSubject(text, file))),
    ...(files.length > 0 && conform ? [any('conformance')] : []),
    ...(files.length > 0 ? [any('explore', ` --seeds ${CI_SEEDS}`)] : []),
  ]
}

/** In a quoted line of YAML or JSON a name is written otherwise where it holds what has to be escaped. */
function checksSubject(text: string, file: string): boolean {
  const names = [file, shellWord(file), JSON.stringify(shellWord(file)).slice(1, -1)]
  return text.split('\n').some((line) => {
    const [, ...given] = line.split('--subject')
    return given.some((rest) => names.some((name) => isFirstIn(rest, name)))
  })
}

/** Whether `rest` of a command begins with `name`, as it may be written. */
const isFirstIn = (rest: string, name: string): boolean => {
  const word = rest.replace(/^[\s=]*\\?["']?/, '').replace(/^\.\//, '')
  return word.startsWith(name) && !/^[\w./-]/.test(word.slice(name.length))
}

/** Whether a workflow is there, and runs the gate of another package than the one in the folder `within`. */
function isOthers(file: string, within: string): boolean {
  if (!existsSync(file)) return false
  const text = textOf(file)
  // Of the project in the root it is one that does not run in another folder; single steps of it may.
  if (within === '') return /^ *defaults:\s+run:\s+working-directory:/m.test(text)
  return ![...text.matchAll(/^[ -]*working-directory: *(.*?) *$/gm)].some(([, folder]) => isFolder(folder, within))
}

const isFolder = (word: string | undefined, folder: string): boolean => word === folder || word === yamlText(folder)

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw fileError(error, file, 'read')
  }
}

function workflowText(within: string, manager: PackageManager, runs: readonly Run[]): string {
  const { name, lock, before, install } = manager
  const [title, job] =
    within === ''
      ? ['contention', '']
      : [
          yamlText(`contention in ${within}`),
          `\n    defaults:\n      run:\n        working-directory: ${yamlText(within)}`,
        ]
  // In the root of the repository it is looked for anyway.
  const cache = lock.includes('/') ? [`  cache-dependency-path: ${yamlText(lock)}`] : []
  const steps = [
    ['uses: actions/checkout@v4'],
    ...before,
    ['uses: actions/setup-node@v4', 'with:', '  node-version: 22', `  cache: ${name}`, ...cache],
    [`run: ${install}`],
    ...runs.map(({ line }) => [line]),
  ]
  return `name: ${title}
on:
  push:
    branches: [main]
  pull_request:
jobs:
  check:
    runs-on: ubuntu-latest${job}
    steps:
${steps.map(([first, ...rest]) => [`      - ${first}\n`, ...rest.map((line) => `        ${line}\n`)].join('')).join('')}`
}

/** A command as it is, where YAML takes it for nothing else. */
const yamlLine = (text: string): string => (/: | #/.test(text) ? yamlText(text) : text)

/** A text as YAML takes it, whatever it holds: without quotes some words mean something else. */
const yamlText = (text: string): string => JSON.stringify(text)
