import { Chalk } from 'chalk'
import type { LoadedSubject } from '../../config/index.js'
import type { Exploration } from '../../explore/index.js'
import { grouped } from '../../report/index.js'
import type { Scenario } from '../../scenario/index.js'
import { eventCodes } from '../../trace/index.js'
import { exploreText } from '../options/command-text.js'
import type { Askable } from '../options/lacking.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from '../terminal/exit-code.js'
import { shownPath } from '../terminal/shown-path.js'
import { givenText, type SubjectHangs } from '../threads/hang.js'
import type { ToExplore } from './settings.js'
import { explorationText, failuresText, type ToldFailure } from './text.js'

/** An exploration that came to its end, or was stopped. */
export interface CameToEnd {
  readonly askable: Askable
  readonly exploration: Exploration
  readonly told: readonly ToldFailure[]
  readonly tookMs: number
  readonly workers: number
  readonly interrupted: boolean
}

/** Prints what came of an exploration, and returns what that is worth. */
export function printExplored(
  { io, options, emit }: ToExplore,
  { subject: { name: subject }, file }: LoadedSubject,
  { askable, exploration, told, tookMs, workers, interrupted }: CameToEnd,
): ExitCode {
  const scenarios = askable.scenarios.map(({ name }) => name)
  const asked = exploration.coverage.events[eventCodes.sent] !== 0
  const complete = !interrupted && asked
  const code = exploration.failures.length > 0 ? NOT_HELD : complete ? HELD : NOT_CHECKED
  if (options.json) {
    emit({ verdict: verdicts[code], subject, scenarios, skipped: askable.skipped, exploration, failures: told })
    return code
  }
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  io.stdout.write(failuresText(told, chalk))
  if (!options.quiet) {
    io.stdout.write(`${subject}: ${scenarios.join(', ')}\n\n`)
    const shown = { skipped: askable.skipped, own: file !== undefined, complete, verbose: options.verbose === true }
    io.stdout.write(explorationText(exploration, shown, chalk))
    const rate = Math.round((exploration.events * 1_000) / tookMs)
    const onWorkers = `${workers} worker${workers === 1 ? '' : 's'}`
    io.stderr.write(`${grouped(Math.round(tookMs / 100) / 10)} s on ${onWorkers}, ${grouped(rate)} events/s\n`)
  }
  if (interrupted) io.stderr.write('stopped before its end\n')
  else if (exploration.seeds === 0) io.stderr.write('nothing was explored\n')
  else if (!asked) io.stderr.write('nothing was checked: no node asked the subject for anything\n')
  return code
}

/** Prints where a subject hangs, after all that was told before. */
export function printHang(
  { io, options, emit }: ToExplore,
  { subject: { name: subject }, file }: LoadedSubject,
  scenarios: readonly Scenario[],
  { message, fault, command, atMs, chunk }: SubjectHangs,
  { patienceMs, told }: { readonly patienceMs: number; readonly told: readonly ToldFailure[] },
): ExitCode {
  if (options.json) {
    const at = atMs === undefined ? {} : { atMs }
    const before = told.length === 0 ? {} : { failures: told }
    emit({ verdict: 'not-held', subject, fault, command, ...at, seeds: chunk, ...before })
    return NOT_HELD
  }
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  io.stdout.write(failuresText(told, chalk))
  const names = scenarios.map(({ name }) => name)
  const place =
    chunk === undefined
      ? '\n'
      : `; seeds ${chunk.from} to ${chunk.from + chunk.seeds - 1}\n      see ${exploreText([...names, `--from-seed ${chunk.from} --seeds ${chunk.seeds} --workers 1`], options, file && shownPath(io, file))}\n`
  io.stdout.write(`${chalk.red('FAIL')}  subject "${subject}" ${message}\n      ${givenText(patienceMs)}${place}`)
  return NOT_HELD
}
