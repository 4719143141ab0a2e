import { type JobCommand, type JobsRecord, NO_JOBS, stepJobs } from '../jobs/index.js'
import { type LeaseCommand, type MintToken, repeatedReply, type Session } from '../lease/index.js'
import {
  type Checkpoint,
  type LogCommand,
  type LogEffect,
  type LogEvent,
  type LogQuery,
  type Reply,
  type SpaceRecord,
  spaceOf,
  stepSpace,
  UNTOUCHED,
} from '../log/index.js'
import type { DirectCore } from './core.js'

/** One space as the memory keeps it: the records, what each session was last told, and the log. */
export interface StoredSpace {
  record: SpaceRecord
  jobs: JobsRecord
  readonly sessions: Map<string, Session<Reply>>
  /** The events from `record.log.firstSeq` on. */
  readonly events: LogEvent[]
  checkpoint: Checkpoint | undefined
}

/** The steps that a store runs: the pure part of a lease core. */
export interface Machine {
  readonly stepSpace: typeof stepSpace
  readonly stepJobs: typeof stepJobs
}

export const builtInMachine: Machine = { stepSpace, stepJobs }

export interface MemoryOptions {
  /** Where the spaces are kept: given again, they are as they were left. */
  readonly spaces?: Map<string, StoredSpace>
  readonly machine?: Machine
}

/** The built-in core on a store of memory: as fast as the machine itself. Forgotten with its `spaces`. */
export function memoryCore(mint: MintToken, options: MemoryOptions = {}): DirectCore {
  const { spaces = new Map<string, StoredSpace>(), machine = builtInMachine } = options
  return {
    execute(command, nowMs) {
      const space = storedSpace(spaces, spaceOf(command))
      if (command.kind === 'load' || command.kind === 'read') return query(space, command)
      const repeated = repeatedReply(space.sessions.get(command.session), command)
      if (repeated !== undefined) return repeated
      const reply = step(space, machine, command, nowMs, mint)
      space.sessions.set(command.session, { request: command.request, reply })
      return reply
    },
  }
}

/** The space called `name`, made when it was never touched. */
export function storedSpace(spaces: Map<string, StoredSpace>, name: string): StoredSpace {
  let space = spaces.get(name)
  if (space === undefined) {
    space = { record: UNTOUCHED, jobs: NO_JOBS, sessions: new Map(), events: [], checkpoint: undefined }
    spaces.set(name, space)
  }
  return space
}

function step(
  space: StoredSpace,
  machine: Machine,
  command: LeaseCommand | LogCommand | JobCommand,
  nowMs: number,
  mint: MintToken,
): Reply {
  switch (command.kind) {
    case 'enqueue':
    case 'take':
    case 'complete':
    case 'fail': {
      const { record, reply } = machine.stepJobs(space.jobs, command, nowMs, mint)
      space.jobs = record
      return reply
    }
    default: {
      const { record, reply, effect } = machine.stepSpace(space.record, command, nowMs, mint)
      if (effect !== undefined) apply(space, effect)
      space.record = record
      return reply
    }
  }
}

function apply(space: StoredSpace, effect: LogEffect): void {
  switch (effect.kind) {
    case 'append':
      space.events.push(effect.event)
      return
    case 'checkpoint':
      space.checkpoint = effect.checkpoint
      return
    case 'truncate':
      space.events.splice(0, effect.beforeSeq - space.record.log.firstSeq)
      return
  }
}

function query({ record, events, checkpoint }: StoredSpace, command: LogQuery): Reply {
  const { nextSeq, firstSeq } = record.log
  if (command.kind === 'load') return { kind: 'loaded', checkpoint, nextSeq }
  const { fromSeq, limit } = command
  if (fromSeq < firstSeq) return { kind: 'compacted', firstSeq, requestedSeq: fromSeq }
  return { kind: 'events', events: events.slice(fromSeq - firstSeq, fromSeq - firstSeq + limit), nextSeq }
}
