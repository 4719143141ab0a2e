import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { Project } from '../../config/index.js'
import { InputError, own } from '../../input/index.js'
import type { MintToken } from '../../lease/index.js'
import { parts } from '../../protocol/index.js'
import { type Core, markRun, type OpenStore, openStore, type RunMark, runsOn, StoreError } from '../../stores/index.js'
import type { Subject } from '../../subject/index.js'
import { NOT_CHECKED } from '../terminal/exit-code.js'
import { type Interrupt, onInterrupt } from '../terminal/interrupt.js'
import type { Io } from '../terminal/io.js'

/** A store that commands run on, or the memory. */
export interface StoreInUse {
  /** What worker threads open the same store by, and where in it they may run; undefined for the memory. */
  share(): SharedStore | undefined
  /** `subject` on this store. From Ctrl-C on it is refused everything, so that the run ends. */
  put(subject: Subject): Subject
  /** Whether the command is to end. In memory, where nothing has to be cleared up, a signal ends the process. */
  interrupted(): boolean
}

/** Can be copied to a worker thread. May hold a password. */
export interface SharedStore {
  readonly spec: string
  /** Workers number their namespaces from here: `…-1`, `…-2`. */
  readonly namespace: string
}

/** Runs `work` on the store that `spec` names, and leaves nothing of it there: not even when Ctrl-C ends it. */
export async function withStore<T>(
  io: Io,
  project: Project,
  name: string | undefined,
  { quiet, workers = 0 }: { readonly quiet: boolean; readonly workers?: number },
  work: (store: StoreInUse) => Promise<T>,
): Promise<T> {
  const { open, interrupt } = await openListening(io, project, name, false)
  if (open === undefined) {
    interrupt.dispose()
    return work({ share: () => undefined, put: (subject) => subject, interrupted: () => false })
  }
  const vigil = endIfSilent(io, interrupt, open)
  try {
    if (!quiet) io.stderr.write(`on ${open.kind}: ${open.place}\n`)
    const mark = await markRun(open)
    const { namespace } = mark
    let ended = false
    try {
      const runs = runsOn(open, namespace)
      const refused = refusedAfter(interrupt, open)
      if (interrupt.happened) throw stopped(`${open.kind} ${open.place}`)
      const result = await work({
        share: () => ({ spec: open.spec(), namespace }),
        put: (subject) => putOn(subject, (mint) => refused(runs(mint))),
        interrupted: () => interrupt.happened,
      }).catch((error: unknown) => explained(error, mark))
      await mark.confirm()
      ended = true
      return result
    } finally {
      interrupt.dispose()
      // When the store has gone, `work` has said so.
      const told = (error: Error) => (ended ? io.stderr.write(leftText(open, error)) : undefined)
      await mark.remove(workerNamespaces(namespace, workers)).catch(told)
    }
  } finally {
    interrupt.dispose()
    await open.close()
    vigil.end()
  }
}

/** Who removes a run takes its records first, and its mark last: so long it may take. */
const REMOVED_WITHIN_MS = 1_000

/** Records that are gone may be gone with the whole run, which another start has removed: its mark knows. */
async function explained(error: unknown, mark: RunMark): Promise<never> {
  const { storeProblemOf } = await import('../terminal/explain.js')
  if (storeProblemOf(error)?.lost === true) {
    await sleep(REMOVED_WITHIN_MS)
    await mark.confirm()
  }
  throw error
}

/** What a run has made in a store stays there. */
export const leftText = ({ kind, place }: OpenStore, { message }: Error): string =>
  `what this run has made in ${kind} ${place} could not be removed: ${message}\nthe next run there does it\n`

/**
 * Opens the store that `--store` names, and listens to signals from before that: what is being made for the command alone is
 * removed, whenever they come.
 */
export async function openListening(
  io: Io,
  project: Project,
  name: string | undefined,
  durable: boolean,
): Promise<{ readonly open: OpenStore | undefined; readonly interrupt: Interrupt }> {
  const interrupt = onInterrupt()
  try {
    const open = await openNamed(io, project, name, durable)
    if (!interrupt.happened) return { open, interrupt }
    await open?.close()
  } catch (error) {
    if (!interrupt.happened) {
      interrupt.dispose()
      throw error
    }
  }
  interrupt.dispose()
  throw stopped('one that was just being opened')
}

const stopped = (store: string): StoreError => new StoreError({ what: 'stopped before its end', store })

/** What is under way may take so long, and what is cleared up after it, a lock that it waits for included: somebody waits at a terminal. */
const ANSWERS_WITHIN_MS = 12_000
const ASK_EVERY_MS = 500
/** One in which nothing is ever put. */
const NOWHERE = 'nowhere'

/**
 * From Ctrl-C on, asks the store now and then, and ends the process when no answer comes: a connection waits a minute for a
 * server that hangs, and so does whatever the command still has to ask. A store that answers with an error has answered.
 */
export function endIfSilent(io: Io, { signal }: Interrupt, open: OpenStore): { end(): void } {
  let over = false
  const answered = async (): Promise<boolean> => {
    await open.namespace(NOWHERE).load(NOWHERE, NOWHERE)
    return true
  }
  const silence = () => sleep(ANSWERS_WITHIN_MS, false, { ref: false })
  const ask = async (): Promise<void> => {
    while (!over) {
      const heard = await Promise.race([answered().catch(() => true), silence()])
      if (!heard && !over) {
        const left = open.server === undefined ? MAY_BE_LEFT : ''
        const clear = io.stderr.redraws ? '\r\u001b[K' : ''
        io.stderr.write(`${clear}stopped before its end: ${open.kind} ${open.place} does not answer${left}\n`)
        process.exit(NOT_CHECKED)
      }
      await sleep(ASK_EVERY_MS, undefined, { ref: false })
    }
  }
  signal.addEventListener('abort', ask, { once: true })
  return {
    end() {
      over = true
      signal.removeEventListener('abort', ask)
    },
  }
}

const MAY_BE_LEFT = '; what this run has made there may be left, and the next run there removes it'

/** By a name of the configuration, whose paths are relative to it, or as such. */
async function openNamed(
  io: Io,
  { stores, root, configFile }: Project,
  name: string | undefined,
  durable: boolean,
): Promise<OpenStore | undefined> {
  if (name === undefined) return undefined
  const named = own(stores, name)
  if (named === undefined) return openStore(name, { env: io.env, cwd: io.cwd, durable })
  try {
    return await openStore(named, { env: io.env, cwd: root, durable })
  } catch (error) {
    if (!(error instanceof StoreError) || configFile === undefined) throw error
    const place = { file: configFile, at: `stores.${name}` }
    throw new StoreError({ ...error.problem, ...place }, { cause: error })
  }
}

export function workerNamespaces(namespace: string, workers: number): readonly string[] {
  return Array.from({ length: workers }, (_, worker) => `${namespace}-${worker + 1}`)
}

/** The built-in parts of `subject` on a store. What brings parts of its own has its own store as well. */
export function putOn(subject: Subject, store: (mint: MintToken) => Core): Subject {
  const own = parts.filter((part) => subject[part] !== undefined)
  if (own.length === 0) return { ...subject, store }
  throw new InputError({
    what: `subject "${subject.name}" cannot be put on a store`,
    found: `it has ${own.length === 1 ? 'a ' : ''}${own.join(', ')} of its own`,
    expected: 'the built-in subject, or one that replaces the client alone',
    todo: 'leave --store away',
  })
}

/** A store within the process answers without ever giving signals their turn: so often they get it, at no cost to speak of. */
const LOOK_UP_EVERY = 256

/** From Ctrl-C on every command is refused, so that the run ends and what it made can be removed. */
function refusedAfter(interrupt: Interrupt, open: OpenStore): (core: Core) => Core {
  let commands = 0
  return (core) => ({
    execute(command, nowMs) {
      if (interrupt.happened) throw stopped(`${open.kind} ${open.place}`)
      commands += 1
      if (commands % LOOK_UP_EVERY !== 0) return core.execute(command, nowMs)
      return setImmediate().then(() => core.execute(command, nowMs))
    },
  })
}
