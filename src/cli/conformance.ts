import { Chalk, type ChalkInstance } from 'chalk'
import { loadProject, loadSubjects } from '../config/index.js'
import { type ContractResult, conformanceOf } from '../conformance/index.js'
import { DETERMINISM_TODO } from '../report/index.js'
import { type RaceCliOptions, race, wantsRace } from './conformance/race.js'
import { withStore } from './options/store.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from './terminal/exit-code.js'
import { type Io, onWatch } from './terminal/io.js'
import { settled } from './terminal/settled.js'

export interface ConformanceOptions extends RaceCliOptions {
  readonly config?: string
}

/** `contention conformance`: the contract of a subject, sentence by sentence. */
export async function conformance(io: Io, options: ConformanceOptions): Promise<ExitCode> {
  const project = await loadProject(io.cwd, options.config)
  if (wantsRace(options)) return race(io, project, options)
  const subjects = await loadSubjects(project, io.cwd, options.subject ?? [])
  const quiet = options.quiet === true || options.json === true
  const all = await withStore(io, project, options.store, { quiet }, async ({ put }) => {
    const results = []
    for (const { subject } of subjects) {
      const found = await conformanceOf(put(onWatch(io, subject)))
      await settled()
      // At once: one that hangs takes nothing with it of those before it.
      if (!options.json) io.stdout.write(text(io, subject.name, found, options.quiet === true))
      results.push({ subject: subject.name, results: found })
    }
    return results
  })
  const code = exitCodeOf(all.map(({ results }) => results))
  if (options.json) io.stdout.write(`${JSON.stringify({ verdict: verdicts[code], subjects: all }, null, 2)}\n`)
  return code
}

/** A subject of which nothing could be checked has not held. */
function exitCodeOf(all: readonly (readonly ContractResult[])[]): ExitCode {
  if (all.some((results) => results.some(({ verdict }) => verdict === 'broken'))) return NOT_HELD
  return all.some((results) => results.every(({ verdict }) => verdict === 'skipped')) ? NOT_CHECKED : HELD
}

function text(io: Io, subject: string, results: readonly ContractResult[], quiet: boolean): string {
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const lines = results
    .filter(({ verdict }) => verdict === 'broken' || (!quiet && verdict === 'held'))
    .filter((result) => !isToldBefore(result, results))
    .flatMap((result) => [...linesOf(result, chalk), ...othersLines(result, results)])
  if (!quiet) lines.push(...skippedLines(results, chalk))
  const count = (verdict: ContractResult['verdict']) => results.filter((result) => result.verdict === verdict).length
  const label =
    count('broken') > 0 ? chalk.red('FAIL') : count('held') > 0 ? chalk.green('PASS') : chalk.yellow('NOTHING TO CHECK')
  const counts = [`${count('held')} hold`, `${count('broken')} broken`, `${count('skipped')} skipped`].join(', ')
  return `${[...lines, `${label}  ${subject}: ${counts}`].join('\n')}\n`
}

/** Sentences that are broken for the very same reason: a core that always throws breaks all of them. */
function brokenAlike(result: ContractResult, results: readonly ContractResult[]): readonly ContractResult[] {
  if (result.verdict !== 'broken') return [result]
  return results.filter((other) => other.verdict === 'broken' && other.message === result.message)
}

const isToldBefore = (result: ContractResult, results: readonly ContractResult[]): boolean =>
  brokenAlike(result, results)[0] !== result

function othersLines(result: ContractResult, results: readonly ContractResult[]): readonly string[] {
  const others = brokenAlike(result, results).length - 1
  return others === 0 ? [] : [`    and ${others} more, ${others === 1 ? '' : 'all '}for this reason`]
}

function linesOf(result: ContractResult, chalk: ChalkInstance): readonly string[] {
  const { name } = result
  if (result.verdict === 'held') return [`${chalk.green('✓')} ${name}`]
  if (result.verdict === 'broken') {
    const todo = result.nondeterministic ? [`    to do: ${DETERMINISM_TODO}`] : []
    return [`${chalk.red('✗')} ${name}`, `    ${result.message}`, ...todo]
  }
  return []
}

/** A line for each reason: a subject of a core alone has no other for thirty sentences. */
function skippedLines(results: readonly ContractResult[], chalk: ChalkInstance): readonly string[] {
  const byReason = new Map<string, readonly string[]>()
  for (const result of results) {
    if (result.verdict === 'skipped') byReason.set(result.why, [...(byReason.get(result.why) ?? []), result.name])
  }
  return [...byReason].map(([why, names]) =>
    names.length === 1
      ? `${chalk.yellow('-')} ${names[0]} ${chalk.dim(`(skipped: ${why})`)}`
      : `${chalk.yellow('-')} ${names.length} skipped: ${why} ${chalk.dim('(--json names them)')}`,
  )
}
