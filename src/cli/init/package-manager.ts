import { existsSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { foldersUpward, upwardWith } from '../../config/index.js'

/** What a workflow, and whoever sets a project up, needs to know of the project's package manager. */
export interface PackageManager {
  readonly name: 'npm' | 'pnpm' | 'yarn'
  /** The lock file, relative to the repository: it may still have to be made. */
  readonly lock: string
  /** Steps of a workflow that come before Node is set up, each as the lines of YAML that it is. */
  readonly before: readonly (readonly string[])[]
  /** Installs what the lock file says. */
  readonly install: string
  /** Adds this package. */
  readonly add: string
  /** Runs a command of a package that is installed. */
  readonly exec: string
  /** A lock file of another one that is there as well, or of one of which nothing is known here. */
  readonly other?: string
}

const locks = {
  'package-lock.json': npm,
  'npm-shrinkwrap.json': npm,
  'pnpm-lock.yaml': pnpm,
  'yarn.lock': yarn,
} as const
const allLocks = [...Object.keys(locks), 'bun.lock', 'bun.lockb', 'deno.lock']

/** The package manager of the project in `folder` of `repository`: npm, where there is no lock file. */
export function packageManager(folder: string, repository: string): PackageManager {
  const home = homeOf(folder, repository)
  const lock = lockIn(home) ?? 'package-lock.json'
  const path = relative(repository, join(home, lock)).split(sep).join('/')
  const found = locks[lock](home, path)
  const other = allLocks.find((name) => !isOf(found.name, name) && existsSync(join(home, name)))
  return other === undefined ? found : { ...found, other }
}

const isOf = (manager: string, lock: string): boolean =>
  Object.hasOwn(locks, lock) && locks[lock as keyof typeof locks].name === manager

/** Where the lock file is, or will be: of a package of a workspace, in the root of that. */
function homeOf(folder: string, repository: string): string {
  const within = foldersUpward(folder).filter((each) => !relative(repository, each).startsWith('..'))
  const locked = within.find((each) => lockIn(each) !== undefined && (each === folder || isWorkspace(each)))
  const installed = upwardWith(folder, join('node_modules', 'contention'))
  return locked ?? within.find((each) => each === installed || isWorkspace(each)) ?? folder
}

const lockIn = (folder: string): keyof typeof locks | undefined =>
  (Object.keys(locks) as (keyof typeof locks)[]).find((name) => existsSync(join(folder, name)))

const isWorkspace = (folder: string): boolean =>
  existsSync(join(folder, 'pnpm-workspace.yaml')) || /"workspaces"\s*:/.test(textOf(join(folder, 'package.json')))

function npm(_home: string, lock: string): PackageManager {
  return { name: 'npm', lock, before: [], install: 'npm ci', add: 'npm install --save-dev contention', exec: 'npx' }
}

/** Its action wants to know a version, unless package.json names one. */
function pnpm(home: string, lock: string): PackageManager {
  const manifest = lock.replace(/[^/]*$/, 'package.json')
  const named = /"packageManager"\s*:\s*"pnpm@/.test(textOf(join(home, 'package.json')))
  const version = named
    ? manifest === 'package.json'
      ? []
      : [`package_json_file: ${JSON.stringify(manifest)}`]
    : ['version: 10']
  return {
    name: 'pnpm',
    lock,
    before: [
      ['uses: pnpm/action-setup@v4', ...(version.length === 0 ? [] : ['with:', ...version.map((line) => `  ${line}`)])],
    ],
    install: 'pnpm install --frozen-lockfile',
    add: 'pnpm add --save-dev contention',
    exec: 'pnpm exec',
  }
}

/** The lock file of its first version says so; the others come with Corepack. */
function yarn(home: string, lock: string): PackageManager {
  const first = textOf(join(home, 'yarn.lock')).includes('# yarn lockfile v1')
  return {
    name: 'yarn',
    lock,
    before: first ? [] : [['run: corepack enable']],
    install: first ? 'yarn install --frozen-lockfile' : 'yarn install --immutable',
    add: 'yarn add --dev contention',
    exec: 'yarn',
  }
}

/** Nothing, where there is no such file. */
function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
