import { NO_JOBS } from '../jobs/index.js'
import { type MintToken, repeatedReply, type Session } from '../lease/index.js'
import { type Checkpoint, type LogEffect, type LogEvent, type LogQuery, UNTOUCHED } from '../log/index.js'
import { type Reply, spaceOf } from '../protocol/index.js'
import type { DirectCore } from './core.js'
import { builtInMachine, type Machine, type SpaceState, step } from './machine.js'

/** Written anew in place: every command ends here. */
interface KeptSession extends Session<Reply> {
  request: number
  reply: Reply
}

/** One space as the memory keeps it: the records, what each session was last told, and the log. */
export interface StoredSpace extends SpaceState {
  readonly sessions: Map<string, KeptSession>
  /** The events from `record.log.firstSeq` on. */
  readonly events: LogEvent[]
  checkpoint: Checkpoint | undefined
}

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
      const session = space.sessions.get(command.session)
      const repeated = repeatedReply(session, command)
      if (repeated !== undefined) return repeated
      const { firstSeq } = space.record.log
      const { reply, effect } = step(space, machine, command, nowMs, mint)
      if (effect !== undefined) apply(space, effect, firstSeq)
      if (session === undefined) space.sessions.set(command.session, { request: command.request, reply })
      else {
        session.request = command.request
        session.reply = reply
      }
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

function apply(space: StoredSpace, effect: LogEffect, firstSeq: number): void {
  switch (effect.kind) {
    case 'append':
      space.events.push(effect.event)
      return
    case 'checkpoint':
      space.checkpoint = effect.checkpoint
      return
    case 'truncate':
      space.events.splice(0, effect.beforeSeq - firstSeq)
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
