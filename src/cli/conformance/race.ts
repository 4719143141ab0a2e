import { join } from 'node:path'
import { Chalk, type ChalkInstance } from 'chalk'
import type { Project } from '../../config/index.js'
import { InputError } from '../../input/index.js'
import { packageRoot } from '../../package.js'
import { grouped, plural } from '../../report/index.js'
import { markRun, type OpenStore, type RunMark } from '../../stores/index.js'
import { type Race, type RaceResult, runRace } from '../../stress/index.js'
import { wholeNumber } from '../options/options.js'
import { endIfSilent, leftText, openListening } from '../options/store.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from '../terminal/exit-code.js'
import type { Io } from '../terminal/io.js'

export interface RaceCliOptions {
  readonly subject?: readonly string[]
  readonly store?: string
  readonly processes?: string
  readonly seconds?: string
  readonly patience?: string
  readonly kill?: boolean
  readonly restartServer?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
}

const DEFAULT_PROCESSES = 8
const DEFAULT_SECONDS = 10

/** Whether any of the options of a race was given. */
export function wantsRace({ processes, seconds, kill, restartServer }: RaceCliOptions): boolean {
  return processes !== undefined || seconds !== undefined || kill === true || restartServer === true
}

/** `contention conformance --store … --processes N`: as many processes race on one store, in real time. */
export async function race(io: Io, project: Project, options: RaceCliOptions): Promise<ExitCode> {
  const processes = numberOption('--processes', options.processes, DEFAULT_PROCESSES, 2, 64)
  const seconds = numberOption('--seconds', options.seconds, DEFAULT_SECONDS, 1, 86_400)
  if (options.subject !== undefined) {
    throw new InputError({
      what: 'a race is one of the built-in lease core: no subject takes part in it',
      found: `--subject ${options.subject.join(' --subject ')}`,
      todo: 'leave --subject away, or --processes, --seconds, --kill and --restart-server',
    })
  }
  if (options.patience !== undefined) {
    throw new InputError({
      what: 'a race runs no code of yours: there is nothing to be patient with',
      found: `--patience ${options.patience}`,
      todo: 'leave --patience away, or --processes, --seconds, --kill and --restart-server',
    })
  }
  const { open, interrupt } = await openListening(io, project, options.store, true)
  if (open === undefined || open.place === ':memory:') {
    interrupt.dispose()
    await open?.close()
    throw new InputError({
      what: 'there is nothing that several processes could race on',
      found: open === undefined ? 'memory' : `${open.kind}: ${open.place}`,
      expected: 'a store that several processes can open, as in --store sqlite',
    })
  }
  let mark: RunMark | undefined
  const vigil = endIfSilent(io, interrupt, open)
  try {
    if (options.restartServer === true && open.server === undefined) throw notOurs(open)
    if (options.quiet !== true && options.json !== true) io.stderr.write(`on ${open.kind}: ${open.place}\n`)
    mark = await markRun(open)
    const result = await runRace(open, mark.namespace, {
      processes,
      seconds,
      kill: options.kill === true,
      restartServer: options.restartServer === true,
      program: join(packageRoot(), 'dist', 'racer.js'),
      env: io.env,
      interrupted: () => interrupt.happened,
      onProgress: ({ appends, leftMs }) => {
        if (!io.stderr.redraws) return
        io.stderr.write(`\r\u001b[K${grouped(appends)} appends acknowledged, ${Math.ceil(leftMs / 1_000)} s left`)
      },
    })
    if (io.stderr.redraws) io.stderr.write('\r\u001b[K')
    return tell(io, open, result, processes, interrupt.happened, options)
  } finally {
    interrupt.dispose()
    await mark?.remove().catch((error: Error) => io.stderr.write(leftText(open, error)))
    await open.close()
    vigil.end()
  }
}

function tell(
  io: Io,
  open: OpenStore,
  found: Race,
  processes: number,
  interrupted: boolean,
  options: RaceCliOptions,
): ExitCode {
  const { results, appends, tookMs, killed, serverRestarts, unanswered, failures, hung } = found
  const broken = results.filter(({ held }) => !held)
  const undone = undoneOf(found, options)
  const measured = failures.length === 0 && hung === 0 && appends > 0 && undone.length === 0
  const code = broken.length > 0 ? NOT_HELD : measured && !interrupted ? HELD : NOT_CHECKED
  if (options.json) {
    const store = { kind: open.kind, place: open.place, promise: open.promise ?? null }
    io.stdout.write(`${JSON.stringify({ verdict: verdicts[code], store, processes, ...found, undone }, null, 2)}\n`)
    return code
  }
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const rate = grouped(Math.round((appends * 1_000) / Math.max(1, tookMs)))
  const events = [
    `${plural(processes, 'process', 'processes')}, ${grouped(appends)} appends acknowledged, ${rate}/s`,
    ...(killed > 0 ? [`${plural(killed, 'process', 'processes')} killed`] : []),
    ...(serverRestarts > 0 ? [`server killed and started again ${plural(serverRestarts, 'time')}`] : []),
    ...(unanswered > 0 ? [`${plural(unanswered, 'request')} sent again`] : []),
  ]
  const shown = results.filter(({ held }) => !held || options.quiet !== true)
  const lines = shown.map((result) => lineOf(result, chalk))
  if (options.quiet !== true || code !== HELD) {
    const stopped = interrupted && code === NOT_CHECKED
    const label = code === HELD ? chalk.green('PASS') : stopped ? chalk.yellow('STOP') : chalk.red('FAIL')
    lines.push(`${label}  ${open.kind}: ${events.join('; ')}`)
    if (open.promise !== undefined && options.quiet !== true) lines.push(`      ${open.promise}`)
  }
  if (lines.length > 0) io.stdout.write(`${lines.join('\n')}\n`)
  for (const line of shortcomings(found, undone, interrupted)) io.stderr.write(`${line}\n`)
  return code
}

/** Why the race says less than was asked of it. */
function shortcomings(
  { appends, failures, hung }: Race,
  undone: readonly string[],
  interrupted: boolean,
): readonly string[] {
  const failed = [...new Set(failures)].map((failure) => `error: a process could not go on: ${failure}`)
  if (hung > 0) failed.push(`error: ${plural(hung, 'process', 'processes')} ${HUNG}`)
  if (interrupted) return [...failed, 'stopped before its end']
  if (appends === 0) return [...failed, 'nothing was acknowledged, so nothing has been checked']
  if (failed.length > 0) return failed
  return undone.map((each) => `error: ${each}\n  to do:    give the race more time: --seconds`)
}

const HUNG = `did not end when the time was up, and had to be killed: what was asked was not answered in time
  to do:    see whether the store, or the machine, hangs`

function lineOf({ name, held, seen, evidence }: RaceResult, chalk: ChalkInstance): string {
  if (!held) return `${chalk.red('✗')} ${name}\n    ${evidence.replaceAll('\n', '\n    ')}`
  return `${seen === 0 ? chalk.yellow('-') : chalk.green('✓')} ${name} ${chalk.dim(`(${evidence})`)}`
}

/** What was asked for and did not happen: a race without it says nothing of it. */
function undoneOf({ killed, serverRestarts }: Race, { kill, restartServer }: RaceCliOptions): readonly string[] {
  return [
    ...(kill === true && killed === 0 ? ['--kill was asked for, and no process was killed'] : []),
    ...(restartServer === true && serverRestarts === 0
      ? ['--restart-server was asked for, and the server was not killed']
      : []),
  ]
}

function notOurs(open: OpenStore): InputError {
  return new InputError({
    what: '--restart-server needs a server that was started for the race',
    found: `${open.kind}: ${open.place}`,
    expected: 'postgres or redis without a URL, and without one in the environment',
  })
}

function numberOption(option: string, text: string | undefined, otherwise: number, min: number, max: number): number {
  return text === undefined ? otherwise : wholeNumber(option, text, min, max)
}
