import { existsSync, readFileSync } from 'node:fs'
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

/**
 * The workflow that runs the gate of the project in `folder`: GitHub looks for it in the root of the repository alone, so that
 * a package within one has to say where it is, and a second package has a file of its own.
 * @param subjects the files of the subjects to check, relative to `folder`
 */
export function workflow(
  folder: string,
  subjects: readonly string[],
): ProjectFile & { readonly manager: PackageManager } {
  const repository = upwardWith(folder, '.git') ?? folder
  const within = relative(repository, folder).split(sep).join('/')
  const file = (name: string) => join(repository, '.github', 'workflows', `${name}.yml`)
  const own = `contention-${(within || basename(repository)).replaceAll(/[^\w.]+/g, '-')}`
  let name = 'contention'
  for (let number = 1; isOthers(file(name), within); number++) name = number === 1 ? own : `${own}-${number}`
  const manager = packageManager(folder, repository)
  return { file: file(name), text: workflowText(within, manager, subjects), manager }
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

function workflowText(within: string, manager: PackageManager, subjects: readonly string[]): string {
  const { name, lock, before, install, exec } = manager
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
    [`run: ${exec} contention check`],
    ...subjects.map((file) => [`run: ${yamlLine(`${exec} contention check --subject ${shellWord(file)}`)}`]),
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
