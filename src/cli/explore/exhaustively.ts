import { setImmediate } from 'node:timers/promises'
import { Chalk } from 'chalk'
import type { LoadedSubject } from '../../config/index.js'
import {
  type Interrupted,
  interruptedTurnsOf,
  isProvable,
  type Proof,
  provenInvariants,
  proveSchedules,
  sendsCopies,
  turnsOf,
} from '../../explore/index.js'
import { InputError, nearest } from '../../input/index.js'
import type { CommandKind } from '../../protocol/index.js'
import { DETERMINISM_TODO, grouped } from '../../report/index.js'
import { assemble, type Subject } from '../../subject/index.js'
import { exploreText } from '../options/command-text.js'
import { type ExploreCliOptions, paramOptions } from '../options/options.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from '../terminal/exit-code.js'
import { onInterrupt } from '../terminal/interrupt.js'
import { type Io, onWatch } from '../terminal/io.js'
import { shownPath } from '../terminal/shown-path.js'
import { AS_ONE_STEP } from './text.js'

/** Takes what is to be said of one subject with `--json`. */
export type Emit = (document: object) => void

/** What became of one subject, and whether the others are to be left alone. */
export interface Explored {
  readonly code: ExitCode
  readonly interrupted: boolean
}

/** `contention explore --strategy exhaustive`: every schedule of a tiny world. */
export async function exploreExhaustively(
  io: Io,
  loaded: LoadedSubject,
  options: ExploreCliOptions,
  emit: Emit,
): Promise<Explored> {
  const subject = onWatch(io, loaded.subject)
  const nodes = nodesOption(paramOptions(options.param))
  refuseUnknown(options.invariant ?? [])
  const { own, commands } = assemble(subject, 0)
  // Of a subject that brings a client or jobs alone, every schedule would be one of the built-in core and log.
  if (!own.has('core') && !own.has('log')) {
    return nothingToCheck(io, subject.name, options, emit, ALL_BUILT_IN)
  }
  if (!isProvable(options.invariant, commands)) {
    return nothingToCheck(
      io,
      subject.name,
      options,
      emit,
      'it has no append: no event could be lost, or be in two places',
    )
  }
  const interrupt = (io.onInterrupt ?? onInterrupt)()
  const proof = await proveSchedules({
    nodes,
    subject,
    ...(options.invariant === undefined ? {} : { invariants: options.invariant }),
    goOn: async () => {
      // Runs in memory never give a signal its turn.
      await setImmediate()
      return !interrupt.happened
    },
  }).finally(() => interrupt.dispose())
  const { failure, schedules, equivalent, interrupted, stopped, awaited } = proof
  const code = failure !== undefined ? NOT_HELD : stopped ? NOT_CHECKED : HELD
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  if (options.json) {
    emit({ verdict: verdicts[code], subject: subject.name, nodes, ...proof })
  } else if (stopped) {
    io.stdout.write(
      `${subject.name}: no failure in ${grouped(schedules + (interrupted?.schedules ?? 0))} schedules, and there are more\n`,
    )
  } else if (failure === undefined) {
    const lines = [
      `${chalk.green('PASS')}  ${subject.name}: ${grouped(schedules)} schedules run, which stand for all ${grouped(equivalent)}`,
      `      ${nodes} nodes that ${listed(doings(turnsOf(nodes, commands)))}, with ${happening(subject)} at every point`,
      ...(interrupted === undefined ? [] : interruptedLines(interrupted, nodes, commands, restarting(subject))),
      ...(awaited ? [`      ${AS_ONE_STEP}`] : []),
    ]
    io.stdout.write(`${lines.join('\n')}\n`)
  } else {
    const lines = [
      `${chalk.red('FAIL')}  ${subject.name}: ${failure.kind === 'breach' ? `${failure.invariant} broke` : 'the subject is not deterministic, as seen'} in ${placeText(proof)}`,
      `      ${failure.message}`,
      ...failure.story.map((line) => `      ${line}`),
      ...(failure.kind === 'nondeterministic' ? [`      ${chalk.dim('to do')} ${DETERMINISM_TODO}`] : []),
      `      see ${exploreText([], options, loaded.file && shownPath(io, loaded.file))}`,
    ]
    io.stdout.write(`${lines.join('\n')}\n`)
  }
  if (stopped) io.stderr.write('stopped before its end\n')
  return { code, interrupted: interrupt.happened }
}

/** What the world does in every schedule. */
const happening = (subject: Subject): string =>
  sendsCopies(subject) ? `an expiry, a late copy and ${restarting(subject)}` : `an expiry and ${restarting(subject)}`

/** Of a library nothing is in the store but what it has written there. */
const restarting = ({ runsOn }: Subject): string =>
  runsOn === 'nodes' ? 'a restart of all nodes' : 'a restart of the store'

/** What was run besides whole commands. */
function interruptedLines(
  { schedules, interruptions, complete }: Interrupted,
  nodes: 2 | 3,
  commands: ReadonlySet<CommandKind>,
  restart: string,
): readonly string[] {
  const all = interruptedTurnsOf(nodes, commands).map((turns) => listed(turns))
  return [
    `      and ${grouped(schedules)} in which others come between the steps of a command, ${complete ? 'however often' : timesText(interruptions)}`,
    `      ${nodes} nodes that ${[...new Set(all)].join(', or ')}, with an expiry and ${restart} at every point`,
  ]
}

const timesText = (interruptions: number): string => (interruptions === 1 ? 'once' : `up to ${interruptions} times`)

/** Which schedule it was that failed. */
function placeText({ schedules, interrupted }: Proof): string {
  // It begins with those that are interrupted.
  if (interrupted === undefined || schedules > 0) return `schedule ${grouped(schedules)}`
  return `schedule ${grouped(interrupted.schedules)} of those in which others come between the steps of a command`
}

/** What nodes do, in words: who acquires twice does so because it was refused. */
function doings(steps: readonly CommandKind[]): readonly string[] {
  return steps.map((kind, at) => (kind === 'acquire' && at > 0 ? 'ask again when refused' : kind))
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

const ALL_BUILT_IN = 'it brings neither core nor log: all of its schedules would be those of the built-in ones'

function nothingToCheck(io: Io, subject: string, { json }: ExploreCliOptions, emit: Emit, why: string): Explored {
  if (json) emit({ verdict: verdicts[NOT_CHECKED], subject, why })
  else io.stdout.write(`NOTHING TO CHECK  ${subject}: ${why}\n`)
  return { code: NOT_CHECKED, interrupted: false }
}

/** What it would not look at is refused: who says it expects something of it. */
export function refuseForExhaustive(names: readonly string[], options: ExploreCliOptions): void {
  const { seeds, time, fromSeed, maxFailures, maxEvents, workers, output, save, shrink, verbose } = options
  const given = {
    [`the scenario ${names[0]}`]: names[0],
    '--seeds': seeds,
    '--time': time,
    '--from-seed': fromSeed,
    '--max-failures': maxFailures,
    '--max-events': maxEvents,
    '--workers': workers,
    '--output': output,
    '--save': save,
    '--no-shrink': shrink === false ? true : undefined,
    '--verbose': verbose,
  }
  const [what] = Object.entries(given).find(([, value]) => value !== undefined) ?? []
  if (what === undefined) return
  throw new InputError({
    what: `${what} cannot be used with --strategy exhaustive`,
    expected:
      '--subject, --store, --invariant, --patience, and --param nodes=2 or nodes=3: it runs every schedule of a tiny world of its own',
  })
}

function nodesOption(parameters: { readonly [name: string]: number }): 2 | 3 {
  const { nodes = 2, ...others } = parameters
  const [other] = Object.keys(others)
  if (other !== undefined) {
    throw new InputError({
      what: `--param ${other} cannot be used with --strategy exhaustive`,
      expected: 'nodes=2 or nodes=3 alone: the tiny world has no other parameters',
    })
  }
  if (nodes === 2 || nodes === 3) return nodes
  throw new InputError({
    what: '--param nodes cannot be used with --strategy exhaustive',
    found: String(nodes),
    expected: '2 or 3: with more, there are too many schedules',
  })
}

function refuseUnknown(names: readonly string[]): void {
  for (const name of names) {
    if (provenInvariants.includes(name)) continue
    const near = nearest(name, provenInvariants)
    throw new InputError({
      what: `there is no invariant "${name}" for --strategy exhaustive`,
      expected: near.length > 0 ? `${near.join(' or ')}?` : `one of ${provenInvariants.join(', ')}`,
    })
  }
}
