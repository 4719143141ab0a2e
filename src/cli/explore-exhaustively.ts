import { Chalk } from 'chalk'
import type { LoadedSubject } from '../config/index.js'
import { provenInvariants, proveSchedules } from '../explore/index.js'
import { InputError, nearest } from '../input/index.js'
import { grouped } from '../report/index.js'
import { type ExitCode, HELD, NOT_HELD } from './exit-code.js'
import { type Io, onWatch } from './io.js'
import { type ExploreCliOptions, paramOptions } from './options.js'

/** Takes what is to be said of one subject with `--json`. */
export type Emit = (document: object) => void

/** `contention explore --strategy exhaustive`: every schedule of a tiny world. */
export async function exploreExhaustively(
  io: Io,
  loaded: LoadedSubject,
  options: ExploreCliOptions,
  emit: Emit,
): Promise<ExitCode> {
  const subject = onWatch(io, loaded.subject)
  const nodes = nodesOption(paramOptions(options.param))
  refuseUnknown(options.invariant ?? [])
  const proof = await proveSchedules({
    nodes,
    subject,
    ...(options.invariant === undefined ? {} : { invariants: options.invariant }),
  })
  const { failure, schedules, equivalent } = proof
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  if (options.json) {
    const verdict = failure === undefined ? 'held' : 'not-held'
    emit({ verdict, subject: subject.name, nodes, ...proof })
  } else if (failure === undefined) {
    const what = `${nodes} nodes that ${nodes === 2 ? 'acquire, ask again when refused, append and release' : 'acquire and append'}, with an expiry, a late copy and a restart of the store at every point`
    io.stdout.write(
      `${chalk.green('PASS')}  ${subject.name}: ${grouped(schedules)} schedules run, which stand for all ${grouped(equivalent)}\n      ${what}\n`,
    )
  } else {
    const lines = [
      `${chalk.red('FAIL')}  ${subject.name}: ${failure.invariant} broke in schedule ${grouped(schedules + 1)}`,
      `      ${failure.message}`,
      ...failure.story.map((line) => `      ${line}`),
    ]
    io.stdout.write(`${lines.join('\n')}\n`)
  }
  return failure === undefined ? HELD : NOT_HELD
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
