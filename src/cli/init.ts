import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Chalk } from 'chalk'
import { defaultBudgets, printBudgets } from '../budget/index.js'
import { loadProject } from '../config/index.js'
import { snapshotFile, snapshotReportMarkdown, writeAtomically } from '../gate/index.js'
import { type Report, reportTerminal } from '../report/index.js'
import { type ExitCode, HELD, NOT_HELD } from './exit-code.js'
import type { Io } from './io.js'
import { measure } from './measure.js'
import { shownPath } from './shown-path.js'

export interface InitOptions {
  readonly json?: boolean
  readonly quiet?: boolean
}

const CONFIG = `import { defineConfig } from 'contention'

export default defineConfig({
  // Scenarios of your own: files whose exports are made with defineScenario.
  scenarios: [],
  // The built-in ones run beside them: true, false, or a list of names.
  builtIn: true,
})
`

const WORKFLOW = `name: contention
on:
  push:
    branches: [main]
  pull_request:
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 22
          cache: npm
      - run: npm ci
      - run: npx contention check
`

/** Where the schema of budget files is, as seen from a project's budget folder. */
const BUDGET_SCHEMA = '../node_modules/contention/schemas/budgets.schema.json'

/** What became of one file. */
interface Made {
  readonly file: string
  readonly written: boolean
}

/** `contention init`: configuration, budgets, CI workflow and first snapshot of a project. Never changes a file that exists. */
export async function init(io: Io, options: InitOptions): Promise<ExitCode> {
  const hasConfig = ['ts', 'mts', 'js', 'mjs', 'json'].some((end) =>
    existsSync(join(io.cwd, `contention.config.${end}`)),
  )
  const made: Made[] = [
    ...(hasConfig ? [] : [make(io, 'contention.config.ts', CONFIG)]),
    make(io, join('budgets', 'v1.json'), printBudgets(defaultBudgets, BUDGET_SCHEMA)),
    make(io, join('.github', 'workflows', 'contention.yml'), WORKFLOW),
  ]
  const project = await loadProject(io.cwd)
  const { report } = await measure(io, project, [], {})
  const snapshot = snapshotFile(project.snapshotFolder)
  if (!existsSync(snapshot) && report.passed) {
    writeAtomically(snapshot, snapshotReportMarkdown(report))
    made.push({ file: snapshot, written: true })
  } else if (report.passed) made.push({ file: snapshot, written: false })

  if (options.json) {
    io.stdout.write(
      `${JSON.stringify({ verdict: report.passed ? 'held' : 'not-held', files: made, report }, null, 2)}\n`,
    )
  } else io.stdout.write(initTerminal(io, made, report, options.quiet === true))
  return report.passed ? HELD : NOT_HELD
}

function make(io: Io, name: string, text: string): Made {
  const file = join(io.cwd, name)
  const written = !existsSync(file)
  if (written) writeAtomically(file, text)
  return { file, written }
}

function initTerminal(io: Io, made: readonly Made[], report: Report, quiet: boolean): string {
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const lines = made.map(
    ({ file, written }) => `${written ? chalk.green('written') : chalk.dim('kept   ')} ${shownPath(io, file)}\n`,
  )
  if (!report.passed) return `${lines.join('')}${reportTerminal(report, { chalk, quiet: true })}no snapshot written\n`
  if (quiet) return ''
  const installed = existsSync(join(io.cwd, 'node_modules', 'contention'))
  const steps = [
    ...(installed ? [] : ['npm install --save-dev contention']),
    'git add contention.config.ts budgets snapshots .github',
    'npx contention check',
  ]
  return `${lines.join('')}\nNext:\n${steps.map((step) => `  ${step}\n`).join('')}`
}
