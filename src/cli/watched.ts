import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Chalk } from 'chalk'
import { InputError } from '../input/index.js'
import { packageRoot } from '../package.js'
import { subjectFunctions } from '../subject/index.js'
import { type ExitCode, NOT_HELD } from './exit-code.js'
import type { Io, Sink } from './io.js'
import { type Hang, LOOK_EVERY_MS, Vigil } from './vigil.js'

/** What a command's thread needs to know of the process: all of it can be copied. */
export interface CommandThreadSpec extends Pick<Io, 'cwd' | 'env' | 'cores'> {
  readonly argv: readonly string[]
  readonly streams: { readonly [Name in 'stdout' | 'stderr']: Pick<Sink, 'isTTY' | 'colorLevel'> }
  /**
   * Written by the thread: a count of calls of the subject and of returns from them; whether it is in one; of what, by its
   * number in `subjectFunctions`; and at what virtual time.
   */
  readonly lastSeen: SharedArrayBuffer
}

export type FromCommandThread =
  | { readonly kind: 'wrote'; readonly to: 'stdout' | 'stderr'; readonly text: string }
  /** From here on it is this subject that is called. */
  | { readonly kind: 'watching'; readonly subject: string; readonly where: string | undefined }
  /** It still answers; or all that is left to it is a promise that nobody keeps. */
  | { readonly kind: 'pong' | 'forsaken' }
  | { readonly kind: 'ended'; readonly code: ExitCode }

/** Instead of the virtual time of a call that is given none. */
export const NO_TIME = -1

/**
 * Runs the command that `argv` names in a thread, and ends it when a subject in it has not come back from a call for
 * `patienceMs`: nothing else stops a loop.
 */
export async function watched(io: Io, argv: readonly string[], patienceMs: number): Promise<ExitCode> {
  const file = join(packageRoot(), 'dist', 'command-thread.js')
  if (!existsSync(file)) throw new Error(`${file} is missing: the package is not built`)
  const shared = new SharedArrayBuffer(16)
  const lastSeen = new Int32Array(shared)
  const { cwd, env, cores } = io
  const streams = { stdout: shownOf(io.stdout), stderr: shownOf(io.stderr) }
  const worker = new Worker(file, {
    workerData: { argv, cwd, env: { ...env }, cores, streams, lastSeen: shared } satisfies CommandThreadSpec,
  })
  const vigil = new Vigil(patienceMs, () => worker.postMessage('ping'))
  let watching = { subject: '', where: undefined as string | undefined }

  return new Promise<ExitCode>((resolve, reject) => {
    let over = false
    const end = (settle: () => void): void => {
      if (over) return
      over = true
      clearInterval(looking)
      void worker.terminate().then(settle, settle)
    }
    const hung = (hang: Hang | undefined, waited = `it was given ${patienceMs / 1_000} s`): void => {
      if (hang === undefined || over) return
      const [, , what = 0, atMs = NO_TIME] = lastSeen
      tell(io, argv, { ...watching, hang, what: subjectFunctions[what] ?? 'a function', atMs, waited })
      end(() => resolve(NOT_HELD))
    }
    const looking = setInterval(() => {
      const count = Atomics.load(lastSeen, 0)
      if (!isInside()) vigil.begin(count)
      else hung(vigil.look(count))
    }, LOOK_EVERY_MS)
    worker.on('message', (message: FromCommandThread) => {
      if (message.kind === 'wrote') io[message.to].write(message.text)
      else if (message.kind === 'watching') watching = message
      else if (message.kind === 'pong') hung(vigil.heard(Atomics.load(lastSeen, 0)))
      else if (message.kind === 'ended') end(() => resolve(message.code))
      else if (isInside()) hung('silent', 'nothing is left that might bring the answer')
      else end(() => reject(new InputError(forsaken)))
    })
    const isInside = (): boolean => Atomics.load(lastSeen, 1) === 1
    const foundDead = (what: string, found: string): void => {
      const problem = { what, found, expected: 'functions that answer, and nothing else that goes on' }
      end(() => reject(new InputError(problem)))
    }
    worker.on('error', (error: unknown) => {
      const said = error instanceof Error ? error.message : String(error)
      foundDead(`what subject "${watching.subject}" has begun failed outside of any command`, said)
    })
    worker.on('exit', (code) => foundDead(`subject "${watching.subject}" ended the process`, `process.exit(${code})`))
  })
}

const shownOf = ({ isTTY, colorLevel }: Sink): Pick<Sink, 'isTTY' | 'colorLevel'> => ({ isTTY, colorLevel })

const forsaken = {
  what: 'waiting for a promise that is never kept',
  expected: 'a configuration, and files that it names, that come to an end when they are loaded',
}

interface Hanging {
  readonly subject: string
  readonly where: string | undefined
  readonly hang: Hang
  readonly what: string
  readonly atMs: number
  /** How long it was waited, in words. */
  readonly waited: string
}

function tell(io: Io, argv: readonly string[], { subject, where, hang, what, atMs, waited }: Hanging): void {
  if (argv.includes('--json')) {
    const time = atMs === NO_TIME ? {} : { atMs }
    const document = { verdict: 'not-held', subject, fault: hang, command: what, ...time, ...(where && { where }) }
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    return
  }
  const does = hang === 'silent' ? 'never answers' : 'loops for ever on'
  const time = atMs === NO_TIME ? '' : `, asked at ${atMs} ms of virtual time`
  const place = where === undefined ? '' : `; ${where}`
  const label = new Chalk({ level: io.stdout.colorLevel }).red('FAIL')
  io.stdout.write(`${label}  subject "${subject}" ${does} ${what}${time}\n      ${waited}${place}\n`)
}
