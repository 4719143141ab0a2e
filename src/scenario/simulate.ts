import { type Invariant, type InvariantResult, type Judge, judge } from '../invariants/index.js'
import {
  type Fault,
  Kernel,
  type KernelOptions,
  randomStream,
  StepFailed,
  type TieBreak,
  type Underway,
} from '../kernel/index.js'
import { type Metrics, metricsFold, NOTHING_MEASURED } from '../metrics/index.js'
import type { Command, CommandKind, Reply } from '../protocol/index.js'
import {
  type Assembled,
  answeredOtherwise,
  assemble,
  builtInSubject,
  type NodeClocks,
  type Subject,
  SubjectFault,
} from '../subject/index.js'
import {
  type Cast,
  castOf,
  isAcquiring,
  type Listener,
  numbered,
  type Observer,
  observe,
  TraceDigest,
  type TracedRequest,
  TraceWriter,
  tracedRequest,
} from '../trace/index.js'
import { answersLate, takesSteps } from './another-day.js'
import { clockSkewsOf } from './clock-skews.js'
import { bodyOf, type ContenderPort } from './contender.js'
import { checkScenario } from './declaration.js'
import { checkCalm, checkFaultFields, checkInvariants, checkNetworkFields } from './fields.js'
import { type InSteps, inSteps, turn } from './in-steps.js'
import type { Parameters } from './parameters.js'
import { type Scenario, type ScenarioNetwork, watchOf } from './scenario.js'
import { entering, type ScenarioWatch, watchedInvariant } from './watch.js'

/** What a run can come to, besides its length. */
export const observerKinds = ['digest', 'metrics', 'invariants'] as const
export type ObserverKind = (typeof observerKinds)[number]

/** What one run came to. */
export interface Run {
  /** SHA-256 over the whole trace; '' without its observer. */
  readonly digest: string
  /** Length of the trace. */
  readonly events: number
  /** How many kernel events were handled: arrivals, replies, timeouts, ends of sleeps, faults. */
  readonly steps: number
  /** How many commands reached the subject, copies included. */
  readonly commands: number
  readonly metrics: Metrics
  readonly invariants: readonly InvariantResult[]
}

/** Told of a command before the subject is. */
export type CommandWatch = (kind: CommandKind, atMs: number, command: Command) => void

export interface SimulateOptions {
  readonly seed: number
  readonly parameters: Parameters
  readonly subject?: Subject
  /** Most events the run may take, and most kernel steps in a row without one. */
  readonly maxEvents: number
  readonly listeners?: readonly Listener[]
  /** Added to: by kind of event, in the order of `eventKinds`, how many there are. */
  readonly counts?: number[]
  /** Which of several events at one instant comes first. The order in which they were scheduled, when absent. */
  readonly tieBreak?: TieBreak
  /** What the world does besides what the scenario has it do. */
  readonly faults?: readonly Fault[]
  /** Given the means to have the world do more while the run goes on; returns who is to be told of what happens. */
  readonly meddle?: (inject: (fault: Fault) => void) => Listener
  /** Judged instead of the scenario's own invariants. */
  readonly invariants?: readonly Invariant[]
  /** Where a run that hangs was last seen. */
  readonly watch?: CommandWatch
  /** What is made of the trace: the fewer, the quicker. All of them, when absent. */
  readonly observers?: readonly ObserverKind[]
  /** End the run at the first event that breaks an invariant. */
  readonly stopAtViolation?: boolean
}

/** What a subject does wrong before the run begins is told like what it does wrong in it. */
function assembled(
  subject: Subject,
  seed: number,
  { stepping }: Pick<InSteps<never>, 'stepping'>,
  clocks: NodeClocks,
): Assembled {
  try {
    return assemble(subject, seed, stepping, clocks)
  } catch (error) {
    if (error instanceof SubjectFault) throw new StepFailed('subject', 'the store', 0, error)
    throw error
  }
}

/** What a scenario says of itself, and is not so, is told like what it does wrong while it runs. */
function declared<T>(watch: ScenarioWatch | undefined, what: string, declaration: () => T): T {
  try {
    return entering(watch, what, declaration)
  } catch (error) {
    throw error instanceof StepFailed ? error : new StepFailed('scenario', `its ${what}`, 0, error)
  }
}

/** Those who make something of the trace. */
interface Observing {
  readonly digest: TraceDigest | undefined
  readonly metrics: Observer<Metrics> | undefined
  readonly judges: readonly Judge[]
}

/** @param stop ends the run */
function observing(scenario: Scenario, cast: Cast, options: SimulateOptions, stop: () => void): Observing {
  const { parameters, observers = observerKinds } = options
  const watch = watchOf(scenario)
  const onViolation = options.stopAtViolation ? stop : undefined
  // Begun even if nothing is judged: what a scenario keeps for its rules must not be left from the run before.
  const judges = declared(watch, 'invariants', () =>
    checkInvariants(options.invariants ?? scenario.invariants(parameters)).map((each) =>
      judge(watchedInvariant(watch, each), cast, {
        onViolation,
        failure: (cause, atMs) => new StepFailed('scenario', `its invariant ${each.name}`, atMs, cause),
      }),
    ),
  )
  return {
    digest: observers.includes('digest') ? new TraceDigest() : undefined,
    metrics: observers.includes('metrics') ? observe(metricsFold(cast)) : undefined,
    judges: observers.includes('invariants') ? judges : [],
  }
}

type World = Kernel<TracedRequest, Reply>

/** Puts the scenario's nodes into the world, and all that is planned to happen to them. */
function populate(kernel: World, port: ContenderPort, scenario: Scenario, options: SimulateOptions): void {
  const { seed, parameters } = options
  declared(port.watch, 'faults', () => {
    for (const [index, skewMs] of clockSkewsOf(scenario, parameters, seed).entries()) {
      const name = port.cast.nodes[index] as string
      kernel.addNode(name, (process) => bodyOf(process, port, (node) => scenario.node(node, parameters)), skewMs)
    }
    for (const fault of scenario.faults?.(parameters, randomStream(seed, 'faults')) ?? []) {
      kernel.inject(checkFaultFields(fault))
    }
  })
  for (const fault of options.faults ?? []) kernel.inject(fault)
}

/** Runs `scenario` once, from nothing. A promise only where the subject answers with promises. */
export function simulate(scenario: Scenario, options: SimulateOptions): Run | Promise<Run> {
  const { seed, parameters, subject = builtInSubject, maxEvents, meddle, tieBreak, watch } = options
  checkScenario(scenario)
  const scenarioWatch = watchOf(scenario)
  const cast = castOf(numbered('node', parameters.nodes), numbered('space', parameters.spaces))
  const { digest, metrics, judges } = observing(scenario, cast, options, () => kernel.stop())
  const listeners = [
    ...(metrics === undefined ? [] : [metrics]),
    ...judges,
    ...(options.listeners ?? []),
    ...(meddle === undefined ? [] : [meddle((fault) => kernel.inject(fault))]),
  ]
  const writer = new TraceWriter(cast, digest, listeners, options.counts)

  const network = declared(scenarioWatch, 'network', () => checkNetworkFields(scenario.network(parameters)))
  const steps = inSteps<Underway<TracedRequest, Reply>>(subject, () => kernel)
  const clocks: NodeClocks = {
    nowMs: (node) => kernel.clocks(cast.nodeIndex(node)).nowMs,
    monotonicMs: (node) => kernel.clocks(cast.nodeIndex(node)).monotonicMs,
  }
  const { client, commands, mayStep, isOnNode, execute, restart, restartNode } = assembled(subject, seed, steps, clocks)
  const otherwise = ({ command }: TracedRequest, decided: Reply, answer: Reply) =>
    answeredOtherwise(subject.name, command, decided, answer)
  let reached = 0
  const kernelOptions: KernelOptions<TracedRequest, Reply> = {
    random: (name) => randomStream(seed, name),
    network,
    maxEvents,
    observer: writer,
    serve({ command, kind }, _node, atMs, of) {
      reached += 1
      watch?.(kind, atMs, command)
      return of === undefined ? execute(command, atMs) : steps.carryOut(of, execute, atMs)
    },
    // A store that is down for a time takes nothing from the nodes.
    ...(subject.runsOn === 'nodes' ? {} : { restartStore: restart }),
    nodeCrashed: (node) => restartNode(cast.nodes[node] as string),
    ...(mayStep
      ? {
          steps: {
            maxMs: longestStepMs(network),
            turn,
            answeredOtherwise: otherwise,
            timeoutMs: Math.max(1, network.timeoutMs >> 1),
            isOnNode: ({ command }) => isOnNode(command),
            // To try for a lease or a job once more is to try for another.
            again(request) {
              if (isAcquiring(request.kind) || request.kind === 'take') request.executed = false
            },
            renumbered: ({ command, space, token }, request) => tracedRequest({ ...command, request }, space, token),
          },
        }
      : {}),
    ...(tieBreak === undefined ? {} : { tieBreak }),
  }
  const kernel: World = declared(scenarioWatch, 'network', () => new Kernel(kernelOptions))
  const port: ContenderPort = {
    now: () => kernel.nowMs,
    cast,
    timeoutMs: network.timeoutMs,
    client,
    commands,
    calmFromMs: declared(scenarioWatch, 'calmFromMs', () =>
      scenario.calmFromMs === undefined ? Number.POSITIVE_INFINITY : checkCalm(scenario.calmFromMs(parameters)),
    ),
    acts: (node, task, space, epoch) => writer.acts(kernel.nowMs, { node, task }, space, epoch),
    inject: (fault) => kernel.inject(fault, 'underway'),
    served: (node, space, epoch, nextSeq, state) => writer.served(kernel.nowMs, node, space, epoch, nextSeq, state),
    watch: scenarioWatch,
  }
  populate(kernel, port, scenario, options)

  const end = (): Run => ({
    digest: digest?.end() ?? '',
    events: writer.length,
    steps: kernel.steps,
    commands: reached,
    metrics: metrics?.end(parameters.durationMs) ?? NOTHING_MEASURED,
    // A run that was stopped has no end at which something could be missing.
    invariants: judges.map((each) =>
      each.end(options.stopAtViolation ? kernel.nowMs : parameters.durationMs, writer.length),
    ),
  })
  const running = kernel.run(parameters.durationMs)
  if (running === undefined) return end()
  answersLate(subject)
  return running.then(() => {
    if (kernel.isStepping) takesSteps(subject)
    return end()
  })
}

/** No longer than a message, and so short that several of them are in time for their reply, or nobody would ever be served. */
function longestStepMs({ requestDelayMs, replyDelayMs, timeoutMs, maxStepMs }: ScenarioNetwork): number {
  const leftMs = timeoutMs - requestDelayMs[1] - replyDelayMs[1]
  return Math.max(1, Math.min(maxStepMs ?? requestDelayMs[1], requestDelayMs[1], Math.floor(leftMs / STEPS_IN_TIME)))
}

/** As many as most commands take, if each takes its longest; with more, a node asks again while its command is under way. */
const STEPS_IN_TIME = 4
