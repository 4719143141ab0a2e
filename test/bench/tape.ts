import { Worker } from 'node:worker_threads'
import { EventQueue } from '../../src/kernel/event-queue.js'
import { Kernel, type Random, randomStream } from '../../src/kernel/index.js'
import { tokenMint } from '../../src/lease/index.js'
import type { Command, CommandKind, Reply } from '../../src/protocol/index.js'
import { Contender, type Parameters, type Scenario } from '../../src/scenario/index.js'
import { memoryCore } from '../../src/stores/index.js'
import { builtInClient } from '../../src/subject/index.js'
import { castOf, numbered, TraceDigest, type TracedRequest, TraceWriter } from '../../src/trace/index.js'

/** Everything that a run of the kernel did to its queue, its streams and the lease core, in order. */
export interface Tape {
  readonly steps: number
  readonly grants: number
  readonly operations: Uint8Array
  /** Three numbers for each operation but TAKE. */
  readonly operands: Float64Array
  readonly streams: readonly string[]
  readonly commands: readonly Command[]
}

const TAKE = 0
const PUSH = 1
const DRAW = 2
const CHANCE = 3
const EXECUTE = 4

const SECRET = 'bench'

/**
 * The bare callback loop for any scenario: the very heap operations, draws and lease transitions of a run, and nothing
 * around them. Returns how many leases were granted, which must be as many as in the run.
 */
export function playBare({ operations, operands, streams, commands }: Tape, seed: number): number {
  const core = memoryCore(tokenMint(SECRET))
  const queue = new EventQueue()
  const randoms = streams.map((name) => randomStream(seed, name))
  let grants = 0
  let at = 0
  for (const operation of operations) {
    if (operation === TAKE) {
      queue.take(Number.POSITIVE_INFINITY)
      continue
    }
    const a = operands[at] as number
    const b = operands[at + 1] as number
    const c = operands[at + 2] as number
    at += 3
    if (operation === PUSH) queue.push(a, b, c)
    else if (operation === DRAW) (randoms[a] as Random).int(b, c)
    else if (operation === CHANCE) (randoms[a] as Random).chance(b)
    else if (core.execute(commands[a] as Command, b).kind === 'granted') grants += 1
  }
  return grants
}

/** Runs the scenario and writes down what it does. Changes the queue's class for good: to be called in a thread of its own. */
export function recordTape(scenario: Scenario, parameters: Parameters, seed: number): Tape {
  const operations: number[] = []
  const operands: number[] = []
  const streams: string[] = []
  const commands: Command[] = []
  const { push, take } = EventQueue.prototype
  EventQueue.prototype.push = function (atMs, order, payload) {
    operations.push(PUSH)
    operands.push(atMs, order, payload)
    push.call(this, atMs, order, payload)
  }
  EventQueue.prototype.take = function (untilMs) {
    operations.push(TAKE)
    return take.call(this, untilMs)
  }
  const random = (name: string): Random => {
    const inner = randomStream(seed, name)
    const stream = streams.push(name) - 1
    return {
      int(min, max) {
        operations.push(DRAW)
        operands.push(stream, min, max)
        return inner.int(min, max)
      },
      chance(perMille) {
        operations.push(CHANCE)
        operands.push(stream, perMille, 0)
        return inner.chance(perMille)
      },
      pick(items) {
        operations.push(DRAW)
        operands.push(stream, 0, items.length - 1)
        return inner.pick(items)
      },
    }
  }

  let grants = 0
  const cast = castOf(numbered('node', parameters.nodes), numbered('space', parameters.spaces))
  const core = memoryCore(tokenMint(SECRET))
  const network = scenario.network(parameters)
  const writer = new TraceWriter(cast, new TraceDigest(), [])
  const kernel = new Kernel<TracedRequest, Reply>({
    random,
    network,
    observer: writer,
    maxEvents: Number.MAX_SAFE_INTEGER,
    serve({ command }, _node, atMs) {
      operations.push(EXECUTE)
      operands.push(commands.push(command) - 1, atMs, 0)
      const reply = core.execute(command, atMs)
      if (reply.kind === 'granted') grants += 1
      return reply
    },
  })
  const world = {
    now: () => kernel.nowMs,
    cast,
    timeoutMs: network.timeoutMs,
    inject: kernel.inject.bind(kernel),
    client: builtInClient,
    commands: new Set<CommandKind>(),
    calmFromMs: Number.POSITIVE_INFINITY,
    acts: () => undefined,
    served: () => undefined,
  }
  for (const name of cast.nodes)
    kernel.addNode(name, (process) => scenario.node(new Contender(process, world), parameters))
  for (const fault of scenario.faults?.(parameters, random('faults')) ?? []) kernel.inject(fault)
  kernel.run(parameters.durationMs)
  return {
    steps: kernel.steps,
    grants,
    operations: Uint8Array.from(operations),
    operands: Float64Array.from(operands),
    streams,
    commands,
  }
}

/** The tape of a run, recorded in a thread of its own, in which this very file is started as `entry`. */
export async function tapeOf(entry: URL, scenario: string, parameters: Parameters, seed: number): Promise<Tape> {
  const worker = new Worker(entry, { workerData: { scenario, parameters, seed } })
  const tape = await new Promise<Tape>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { ...tape, commands: shareStrings(tape.commands) }
}

/** Copied between threads, equal names are no longer one string, which would make every comparison slower than in the run. */
function shareStrings(commands: readonly Command[]): readonly Command[] {
  const strings = new Map<string, string>()
  const share = (value: unknown): unknown => {
    if (typeof value === 'string') {
      const known = strings.get(value)
      if (known === undefined) strings.set(value, value)
      return known ?? value
    }
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, share(inner)]))
  }
  return commands.map((command) => share(command) as Command)
}
