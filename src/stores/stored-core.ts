import { type MintToken, repeatedReply, type Session } from '../lease/index.js'
import type { Checkpoint, LogEvent, LogQuery } from '../log/index.js'
import { type Command, type Reply, spaceOf } from '../protocol/index.js'
import type { Core } from './core.js'
import { documentWriter, type LastReply, readDocument, type SpaceDocument } from './document.js'
import { keyOf } from './key.js'
import { builtInMachine, step } from './machine.js'
import type { Store } from './store.js'
import { StoreError } from './store-error.js'

/** A space as it was when last seen. Whether it still is so is what the swap decides. */
interface Seen {
  readonly key: string
  version: number
  readonly document: SpaceDocument
  readonly write: (document: SpaceDocument) => string
  /** What sessions were last told, of those that asked since. Undefined for one that never asked. */
  readonly sessions: Map<string, Session<Reply> | undefined>
}

/** So that neither many spaces nor many sessions fill the memory: what is forgotten is loaded again. */
const MOST_SPACES_SEEN = 1_024
const MOST_SESSIONS_SEEN = 4_096
/** A number each, some MiB together. Those of spaces seen no more are worth keeping: their fences may still be in use. */
const MOST_VERSIONS_SEEN = 65_536
/** Somebody gets on at every conflict; who loses so often is told, rather than kept for ever. */
const MOST_CONFLICTS = 10_000

/**
 * The built-in core on `store`: the same machine as in memory. A command is one swap. What is remembered of a space
 * spares the load before it; if another core has written since, the swap fails, and the command is judged anew by what
 * the store says. So several of these, in as many processes, are one core.
 *
 * A store that no longer has what was seen in it has lost it, or somebody has removed it. To go on would be to begin anew,
 * with epochs that were granted before, and tokens that would be good again. What is opened afterwards may.
 */
export function storedCore(store: Store, mint: MintToken): Core {
  const seen = new Map<string, Seen>()
  /** The highest version at which each space was. */
  const versions = new Map<string, number>()
  const tails = new Map<string, Promise<unknown>>()

  const recall = (space: string, session: string): Seen | undefined => {
    const here = seen.get(space)
    return here?.sessions.has(session) ? here : undefined
  }

  const noteVersion = (space: string, version: number): void => {
    if (versions.size >= MOST_VERSIONS_SEEN && !versions.has(space)) versions.clear()
    versions.set(space, version)
  }

  const look = async (space: string, session: string): Promise<Seen> => {
    const before = seen.get(space)
    if (before !== undefined && before.sessions.size >= MOST_SESSIONS_SEEN) before.sessions.clear()
    const key = before?.key ?? keyOf(space)
    const loaded = await store.load(key, keyOf(session))
    const highest = versions.get(space) ?? 0
    if (loaded.version < highest) throw hasLost(space, loaded.version, highest)
    noteVersion(space, loaded.version)
    const kept = loaded.session === undefined ? undefined : (JSON.parse(loaded.session) as Session<Reply>)
    const toldBy = ({ last }: SpaceDocument) => (last?.session === session ? last : kept)
    if (before !== undefined && before.version === loaded.version) {
      before.sessions.set(session, toldBy(before.document))
      return before
    }
    const document = readDocument(space, loaded.record)
    const sessions = new Map([[session, toldBy(document)]])
    const now: Seen = { key, version: loaded.version, document, write: documentWriter(), sessions }
    if (seen.size >= MOST_SPACES_SEEN) seen.clear()
    seen.set(space, now)
    return now
  }

  const swap = async (command: Exclude<Command, LogQuery>, nowMs: number): Promise<Reply> => {
    const space = spaceOf(command)
    const { session, request } = command
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
      const here = recall(space, session) ?? (await look(space, session))
      const repeated = repeatedReply(here.sessions.get(session), command)
      if (repeated !== undefined) return repeated
      // Whatever becomes of the swap, what was seen is no longer so.
      seen.delete(space)
      const { document } = here
      const { last } = document
      const { reply, effect } = step(document, builtInMachine, command, nowMs, mint)
      const told: LastReply = { session, request, reply }
      document.last = told
      const by = keyOf(session)
      const apart = last === undefined || last.session === session ? undefined : last
      const swapped = await store.swap(here.key, {
        version: here.version,
        record: here.write(document),
        sessionKey: apart === undefined ? by : keyOf(apart.session),
        session: apart === undefined ? undefined : JSON.stringify({ request: apart.request, reply: apart.reply }),
        effect,
        atMs: nowMs,
        command: command.kind,
        by,
      })
      if (!swapped) continue
      here.version += 1
      noteVersion(space, here.version)
      here.sessions.set(session, told)
      seen.set(space, here)
      return reply
    }
    throw new StoreError({
      what: `${command.kind} on ${space} did not get through`,
      store: 'the built-in core',
      found: `another was quicker ${MOST_CONFLICTS} times in a row`,
      todo: 'let fewer processes ask for one space at once',
    })
  }

  const query = async (command: LogQuery): Promise<Reply> => {
    const limit = command.kind === 'read' ? command.limit : 0
    const fromSeq = command.kind === 'read' ? command.fromSeq : 0
    const view = await store.view(keyOf(command.space), fromSeq, limit)
    const { nextSeq, firstSeq } = readDocument(command.space, view.record).record.log
    if (command.kind === 'load') {
      const checkpoint = view.checkpoint === undefined ? undefined : (JSON.parse(view.checkpoint) as Checkpoint)
      return { kind: 'loaded', checkpoint, nextSeq }
    }
    if (fromSeq < firstSeq) return { kind: 'compacted', firstSeq, requestedSeq: fromSeq }
    return { kind: 'events', events: view.events.map((event) => JSON.parse(event) as LogEvent), nextSeq }
  }

  return {
    execute(command, nowMs) {
      if (command.kind === 'load' || command.kind === 'read') return query(command)
      // One after another within a process: two that race here would only make each other try again.
      const space = spaceOf(command)
      const before = tails.get(space)
      const reply = before === undefined ? swap(command, nowMs) : before.then(() => swap(command, nowMs))
      const leave = () => {
        if (tails.get(space) === tail) tails.delete(space)
      }
      const tail = reply.then(leave, leave)
      tails.set(space, tail)
      return reply
    },
  }
}

const hasLost = (space: string, version: number, highest: number): StoreError =>
  new StoreError({
    what: 'the store has lost what it had acknowledged, or somebody has removed it',
    store: 'the built-in core',
    found: `${space} at version ${version}`,
    expected: `version ${highest} or later`,
    todo: 'restore it from a copy; or make sure that nobody holds a lease of before, and open the store anew to begin anew',
    lost: true,
  })
