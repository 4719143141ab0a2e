import { Chalk } from 'chalk'
import { budgetFor } from '../budget/index.js'
import { loadBudgets, loadProject, refuseNoBudgetFolder } from '../config/index.js'
import { own } from '../input/index.js'
import { resolveParameters } from '../scenario/index.js'
import type { CommonOptions } from './options/options.js'
import { select } from './options/selection.js'
import { type ExitCode, HELD } from './terminal/exit-code.js'
import type { Io } from './terminal/io.js'

export interface ListOptions extends CommonOptions {
  readonly params?: boolean
}

/** `contention list`: the scenarios there are, and with `--params` what each can be tuned by. */
export async function list(io: Io, names: readonly string[], options: ListOptions): Promise<ExitCode> {
  const project = await loadProject(io.cwd, options.config)
  refuseNoBudgetFolder(project, options.budget)
  const { scenarios, parameters: given } = select(
    {
      ...project,
      scenarios: [...project.scenarios, ...project.explorable.filter((each) => !project.scenarios.includes(each))],
    },
    names,
    {},
  )
  const budgets = loadBudgets(project, io.cwd, options.budget)
  if (options.json) {
    const entries = scenarios.map(({ name, description, parameters }) => ({
      name,
      description,
      parameters,
      values: resolveParameters(parameters, own(given, name)),
      budget: budgetFor(budgets, name) ?? null,
    }))
    io.stdout.write(`${JSON.stringify({ verdict: 'held', scenarios: entries }, null, 2)}\n`)
    return HELD
  }
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const measured = new Set(project.scenarios.map((scenario) => scenario.name))
  const notes = (name: string): string => {
    if (!measured.has(name)) return chalk.dim(' (for explore)')
    return budgetFor(budgets, name) === undefined ? chalk.yellow(' (no budget)') : ''
  }
  for (const { name, description, parameters } of scenarios) {
    const budget = notes(name)
    io.stdout.write(`${chalk.bold(name)}${budget}\n  ${description}\n`)
    if (!options.params && names.length === 0) continue
    const width = Math.max(...Object.keys(parameters).map((parameter) => parameter.length))
    const values = new Map(Object.entries(resolveParameters(parameters, own(given, name))))
    for (const [parameter, { default: usual, min, max, description: meaning }] of Object.entries(parameters)) {
      const value = values.get(parameter)
      const bounds = `(${value === usual ? '' : `default ${usual}; `}${min} to ${max})`
      io.stdout.write(`    ${parameter.padEnd(width)}  ${value} ${chalk.dim(bounds)}  ${meaning}\n`)
    }
  }
  return HELD
}
