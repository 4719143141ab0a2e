import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { type Budgets, budgetFileName, defaultBudgets, parseBudgets, versionOfFileName } from '../budget/index.js'
import { fileError } from '../gate/index.js'
import { InputError } from '../input/index.js'
import { packageRoot } from '../package.js'
import type { Project } from './project.js'
import { slashTodo } from './slash.js'
import { upwardWith } from './upward.js'

/**
 * The budgets that count: the file or version that is asked for, else the highest version in the project's folder, else
 * the ones that come with the package.
 * @param wanted a path, or a version: `v2`, `2`
 */
export function loadBudgets(project: Project, directory: string, wanted?: string): Budgets {
  if (wanted === undefined) {
    const versions = budgetVersions(project.budgetFolder)
    const highest = versions.at(-1)
    return highest === undefined
      ? defaultBudgets
      : readBudgets(join(project.budgetFolder, budgetFileName(highest)), project)
  }
  if (wanted === '')
    throw new InputError({ what: '--budget is empty', expected: 'a version, as v2, or the path of a file' })
  const version = /^v?(\d+)$/.exec(wanted)?.[1]
  if (version !== undefined && Number(version) === 0) {
    throw new InputError({
      what: 'there is no version 0 of the budgets',
      found: wanted,
      expected: 'a version, which begin at 1, or the path of a file',
    })
  }
  if (version === undefined) return readBudgets(resolve(directory, wanted), project)
  const file = join(project.budgetFolder, budgetFileName(Number(version)))
  if (existsSync(file)) return readBudgets(file, project)
  const versions = budgetVersions(project.budgetFolder).map(budgetFileName)
  throw new InputError({
    what: `there is no version ${version} of the budgets`,
    file,
    found: versions.length === 0 ? 'no budget files' : versions.join(', '),
    expected: budgetFileName(Number(version)),
    todo: '`npx contention tune --write` makes the next version',
  })
}

/** Of the budgets that come with the package those of what the project runs: what its own first file takes over. */
export function packageBudgets({ scenarios }: Project): Budgets {
  const run = new Set(scenarios.map(({ name }) => name))
  const ofThose = <T>(all: { readonly [scenario: string]: T } = {}): { readonly [scenario: string]: T } =>
    Object.fromEntries(Object.entries(all).filter(([name]) => run.has(name)))
  const { scenarios: limits, derivedFrom, ...rest } = defaultBudgets
  return { ...rest, scenarios: ofThose(limits), derivedFrom: ofThose(derivedFrom) }
}

/**
 * For commands that judge by the budgets, and do not make them: nothing would be judged by those of a folder that is misspelt.
 * @throws InputError when the configuration names a folder that is not there, and no other budgets are asked for
 */
export function refuseNoBudgetFolder(project: Project, wanted: string | undefined): void {
  const { configFile, budgetFolder, budgetFolderNamed } = project
  if (wanted !== undefined || !budgetFolderNamed || existsSync(budgetFolder)) return
  throw new InputError({
    what: 'the folder of the budgets does not exist',
    ...(configFile === undefined ? {} : { file: configFile }),
    at: 'budgets',
    found: budgetFolder,
    expected: `a folder with budget files, ${budgetFileName(1)} and so on`,
    todo: slashTodo(budgetFolder) ?? 'mend the path, or have `npx contention tune --write` make the folder',
  })
}

/**
 * The versions in a folder, lowest first.
 * @throws InputError when it cannot be read, and for a version with zeros before it, which would not count
 */
export function budgetVersions(folder: string): readonly number[] {
  if (!existsSync(folder)) return []
  const names = namesIn(folder)
  const padded = names.find((name) => /^v0\d*\.json$/.test(name))
  if (padded !== undefined) {
    throw new InputError({
      what: `${padded} is not the name of a version of the budgets`,
      file: join(folder, padded),
      expected: 'v1.json, v2.json and so on, without zeros before the number',
    })
  }
  return names
    .map((name) => versionOfFileName(basename(name)))
    .filter((version) => version !== undefined)
    .sort((a, b) => a - b)
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    throw fileError(error, folder, 'read')
  }
}

/** Where `root` finds this package: in its own repository, or installed there or further up; undefined when nowhere. */
export function installedPackage(root: string): string | undefined {
  if (root === packageRoot()) return root
  const path = join('node_modules', 'contention')
  const folder = upwardWith(root, path)
  return folder === undefined ? undefined : join(folder, path)
}

/** The schema as a budget file can name it: where the package is, or else will be when the project installs it. */
export function budgetSchema({ root, budgetFolder }: Project): string {
  const home = installedPackage(root) ?? join(root, 'node_modules', 'contention')
  return relative(budgetFolder, join(home, 'schemas', 'budgets.schema.json')).replaceAll('\\', '/')
}

function readBudgets(file: string, project: Project): Budgets {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw fileError(error, file, 'read')
  }
  return parseBudgets(text, file, project.knownScenarios)
}
