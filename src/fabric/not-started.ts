import type { StoreProblem } from '../stores/store-error.js'
import type { EngineName, ScenarioId } from './names.js'
import { type Room, shortages, TOO_MANY_CONNECTIONS, tooFew } from './room.js'
import { inOwnWords } from './words.js'

/** Why there is no worker where one was to be started. */
export type NotStarted =
  /** The system has made no process. */
  | { readonly kind: 'no process'; readonly code: string | undefined; readonly message: string }
  /** It has said itself what it lacks: `code` is a SQLSTATE, or that of an error of the system. */
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly problem: StoreProblem }
  | { readonly kind: 'ended'; readonly exit: Exit; readonly said: string }
  | { readonly kind: 'silent'; readonly afterMs: number; readonly said: string }

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** In words, with what it said of it. */
export function endOf({ exit, said }: { readonly exit: Exit; readonly said: string }): string {
  const how = exit.signal ?? `exit code ${exit.code}`
  return said === '' ? how : `${how}: ${said}`
}

/** A worker that was never ready. */
export class WorkerNotStarted extends Error {
  override readonly name = 'WorkerNotStarted'
  readonly why: NotStarted

  constructor(why: NotStarted) {
    super(why.kind)
    this.why = why
  }
}

/** Where that was. */
export interface Surroundings {
  readonly engine: EngineName
  readonly scenarios: readonly ScenarioId[]
  /** What room for connections there was right after it. */
  readonly room: Room
  readonly program: string
}

/** What to tell the person who has to see to it. */
export function notStartedProblem(why: NotStarted, where: Surroundings): StoreProblem {
  const store = `the fabric, on ${where.engine}`
  switch (why.kind) {
    case 'no process':
      return {
        what: 'the system makes no process for a worker',
        store,
        found: why.message,
        expected: `room for one process for each worker, which runs ${process.execPath}`,
        todo: TODO_BY_SYSTEM_CODE[why.code ?? ''] ?? 'mend that, or run fewer scenarios at once: --scenario NAME',
      }
    case 'failed':
      return { ...refusal(why, where), store }
    case 'ended':
      return {
        what: 'a worker has ended before it was ready',
        store,
        found: `with ${endOf(why)}`,
        expected: `a process that runs ${where.program} and takes jobs`,
        todo:
          why.exit.signal !== null
            ? 'see what ended it: a system kills processes, and Node aborts, where memory, processes or threads are short (ulimit -u, limits of the container); make room, or run fewer scenarios at once: --scenario NAME'
            : 'mend what it says; if a file of the package is missing or broken, install contention anew (in a checkout: npm run build)',
      }
    case 'silent':
      return {
        what: 'a worker does not become ready',
        store,
        found: `nothing for ${why.afterMs / 1_000} s${why.said === '' ? '' : `, but that it said: ${why.said}`}`,
        expected: 'a process that has connected to the database and looks for jobs',
        todo: 'see whether the machine, or the server, is busy beyond measure, and try again; or run fewer scenarios at once: --scenario NAME',
      }
  }
}

const TODO_BY_SYSTEM_CODE: Readonly<Record<string, string>> = {
  EAGAIN:
    'the number of processes is limited: end some, or raise the limit (ulimit -u, or that of the container), or run fewer scenarios at once: --scenario NAME',
  ENOMEM: 'make room in memory, or run fewer scenarios at once: --scenario NAME',
  EMFILE: 'raise the number of files that a process may open: ulimit -n',
  ENFILE: 'raise the number of files that the system may open: fs.file-max',
  ENOENT: 'the Node that runs this has gone: has it been updated meanwhile? run again',
  EACCES: 'the Node that runs this may not be started by this user: mend its mode',
}

/** A problem in one line. */
export const sentence = ({ what, found }: StoreProblem): string => (found === undefined ? what : `${what}: ${found}`)

/** What a worker has said of why it cannot start. */
function refusal({ code = '', problem }: NotStarted & { kind: 'failed' }, { room, scenarios }: Surroundings) {
  const { what, found = what } = problem
  if (code === TOO_MANY_CONNECTIONS) {
    const short = shortages(room, scenarios)
    return tooFew([found, ...short].join('; '), scenarios, problem.store)
  }
  if (code.startsWith('28')) {
    return {
      what: 'the Postgres server lets in who makes the run, and not the roles of its workers',
      found,
      expected: 'an entry of pg_hba.conf by which any user may come to that database with a password (scram-sha-256)',
      todo: 'add one; or name the server by an address for which there is one, as 127.0.0.1 instead of a folder with a socket',
    }
  }
  if (code === '42501') {
    return {
      what: 'the Postgres server denies a worker what every worker needs',
      found,
      expected: 'a role that may do no more than the run has granted it, and no less',
      todo: 'see who takes rights away there, as an event trigger may; or name another database with --database-url, or none: then a server is started',
    }
  }
  return { ...inOwnWords(problem), what: 'a worker cannot start', found: sentence(problem) }
}
