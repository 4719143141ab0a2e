import type { LogEffect } from '../log/index.js'

/** What a store keeps of one space, besides its log: documents that mean nothing to it. */
export interface Loaded {
  /** Counts the swaps of the space; 0 when there was none. */
  readonly version: number
  /** The space's record; undefined at version 0. */
  readonly record: string | undefined
  /** What the session was told by the last swap that told it something; undefined when none did. */
  readonly session: string | undefined
}

/** One atomic step: everything of it happens, or nothing. */
export interface Swap {
  /** The version that the space must still be at. It is at the next one afterwards. */
  readonly version: number
  readonly record: string
  /** The session that is told something in the same step, and what; undefined when nobody is. */
  readonly sessionKey: string
  readonly session: string | undefined
  /** What happens to the log in the same step. */
  readonly effect: LogEffect | undefined
  /** When, by the clock of the core: for stores that date what they keep. */
  readonly atMs: number
  /** Which command it was, and the key of the session that asked: for stores that keep a history for people to read. */
  readonly command: string
  readonly by: string
}

/** One consistent view of a space's log. Documents, as they were put. */
export interface LogView {
  readonly record: string | undefined
  readonly checkpoint: string | undefined
  /** Without those that are truncated, in order of `seq`. */
  readonly events: readonly string[]
}

/**
 * Where spaces are kept. It loads one, swaps it if nobody else did, and reads its log; which command is right is not its
 * business. Keys are of `keyOf`: lower case, digits, `-`, `_` and `=`, at most 100 characters, so that none can break
 * out of a statement, a path or a ref.
 *
 * Everything throws StoreError when the store cannot be used. A swap that throws may have happened or not.
 */
export interface Store {
  load(spaceKey: string, sessionKey: string): Promise<Loaded>
  /** True when it took place, and then it is durable, as far as the store promises that. False when another came first. */
  swap(spaceKey: string, swap: Swap): Promise<boolean>
  /** The checkpoint, and up to `limit` events from `fromSeq` on. */
  view(spaceKey: string, fromSeq: number, limit: number): Promise<LogView>
}

/** A server that may be broken. */
export interface OwnServer {
  /** Ends it as a crash would. What it has on disk stays. */
  kill(): Promise<void>
  /** Starts it again, where it was and on what is on its disk. */
  restart(): Promise<void>
}

/** A store as it was opened: a place for namespaces, of which each is a store of its own. */
export interface OpenStore {
  /** sqlite, postgres, … */
  readonly kind: string
  /** Where it is, for people. Never with a password. */
  readonly place: string
  /**
   * What opens the same store once more, in this process or another: from here on it may be shared. May hold a password: so
   * it is no field that is shown by accident.
   */
  spec(): string
  /** One sentence: what an acknowledged swap survives. Undefined when nothing is known. */
  readonly promise?: string
  /** The server, when it was started for this opening alone: for trials of what it keeps. */
  readonly server?: OwnServer
  /** The store that keeps its spaces under `name`: letters, digits and `-`. Made on first use. */
  namespace(name: string): Store
  /** The names, beginning with `prefix`, under which something is kept. */
  namespaces(prefix: string): Promise<readonly string[]>
  /** Removes everything that is kept under `name`. What somebody else has put there, where that can be told, stays. */
  remove(name: string): Promise<void>
  /** Ends connections and processes, and removes what was made for this opening alone. */
  close(): Promise<void>
}

/** Where the usual settings of a connection are looked for: `DATABASE_URL`, `PGHOST`, `REDIS_URL`. */
export type Environment = { readonly [name: string]: string | undefined }

/** How a store is opened. */
export interface OpenOptions {
  /** Where a store that is named without its place looks for it. Nowhere when absent: then it has a server of its own. */
  readonly env?: Environment
  /** What paths are relative to; the working directory of the process when absent. */
  readonly cwd?: string
  /**
   * Whether what is answered has to survive a power failure, as far as the store can promise that. Simulated runs are
   * thrown away after they ended and need not wait for the disk.
   */
  readonly durable?: boolean
}
