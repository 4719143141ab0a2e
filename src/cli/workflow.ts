import { existsSync, readFileSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { upwardWith } from '../config/index.js'
import { fileError } from '../gate/index.js'

/** A file of a project, and what it holds when it is made. */
export interface ProjectFile {
  readonly file: string
  readonly text: string
}

/**
 * The workflow that runs the gate of the project in `folder`: GitHub looks for it in the root of the repository alone, so that
 * a package within one has to say where it is, and a second package has a file of its own.
 */
export function workflow(folder: string): ProjectFile {
  const repository = upwardWith(folder, '.git') ?? folder
  const within = relative(repository, folder).split(sep).join('/')
  const workflows = join(repository, '.github', 'workflows')
  const usual = join(workflows, 'contention.yml')
  const own = join(workflows, `contention-${(within || basename(repository)).replaceAll(/[^\w.]+/g, '-')}.yml`)
  return { file: isOthers(usual, within) ? own : usual, text: workflowText(folder, within) }
}

/** Whether a workflow is there, and runs the gate of another package than the one in the folder `within`. */
function isOthers(file: string, within: string): boolean {
  const folders = existsSync(file) ? [...textOf(file).matchAll(/^[ -]*working-directory: *(.*?) *$/gm)] : undefined
  if (folders === undefined) return false
  return within === '' ? folders.length > 0 : !folders.some(([, folder]) => folder === yamlWord(within))
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw fileError(error, file, 'read')
  }
}

function workflowText(folder: string, within: string): string {
  const [title, job, cache] =
    within === ''
      ? ['contention', '', '']
      : [
          yamlWord(`contention in ${within}`),
          `\n    defaults:\n      run:\n        working-directory: ${yamlWord(within)}`,
          ownLock(folder) ? `\n          cache-dependency-path: ${yamlWord(`${within}/package-lock.json`)}` : '',
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
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 22
          cache: npm${cache}
      - run: npm ci
      - run: npx contention check
`
}

/** A package of a workspace has none: its lock file is the one in the root, where it is looked for anyway. */
const ownLock = (folder: string): boolean => existsSync(join(folder, 'package-lock.json'))

/** A text as YAML takes it: in quotes only where it needs them. */
const yamlWord = (text: string): string => (/^[A-Za-z][\w./ -]*$/.test(text) ? text : JSON.stringify(text))
