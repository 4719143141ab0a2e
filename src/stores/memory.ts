import { type MintToken, repeatedReply, type Session } from '../lease/index.js'
import {
  type Checkpoint,
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

/** One space as the memory keeps it: the record, what each session was last told, and the log. */
interface StoredSpace {
  record: SpaceRecord
  readonly sessions: Map<string, Session<Reply>>
  /** The events from `record.log.firstSeq` on. */
  readonly events: LogEvent[]
  checkpoint: Checkpoint | undefined
}

/** The built-in core on a store of memory: forgotten with the object, and as fast as the machine itself. */
export function memoryCore(mint: MintToken): DirectCore {
  const spaces = new Map<string, StoredSpace>()

  const stored = (name: string): StoredSpace => {
    let space = spaces.get(name)
    if (space === undefined) {
      space = { record: UNTOUCHED, sessions: new Map(), events: [], checkpoint: undefined }
      spaces.set(name, space)
    }
    return space
  }

  return {
    execute(command, nowMs) {
      const space = stored(spaceOf(command))
      if (command.kind === 'load' || command.kind === 'read') return query(space, command)
      const repeated = repeatedReply(space.sessions.get(command.session), command)
      if (repeated !== undefined) return repeated
      const { record, reply, effect } = stepSpace(space.record, command, nowMs, mint)
      if (effect !== undefined) apply(space, effect)
      space.record = record
      space.sessions.set(command.session, { request: command.request, reply })
      return reply
    },
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
