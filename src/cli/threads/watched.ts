import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Load } from '../../config/index.js'
import { InputError } from '../../input/index.js'
import { packageRoot } from '../../package.js'
import { builtInSubject, SubjectFault, subjectFunctions } from '../../subject/index.js'
import type { ExitCode } from '../terminal/exit-code.js'
import { type Interrupt, onInterrupt } from '../terminal/interrupt.js'
import type { Io, Sink } from '../terminal/io.js'
import { loadLimit } from './load-limit.js'
import { endlessScenario, type Hang, hangText, LOOK_EVERY_MS, NO_TIME, threadDied, Vigil } from './vigil.js'

/** What a command's thread needs to know of the process: all of it can be copied. */
export interface CommandThreadSpec extends Pick<Io, 'cwd' | 'env' | 'cores'> {
  readonly argv: readonly string[]
  readonly streams: { readonly [Name in 'stdout' | 'stderr']: Omit<Sink, 'write' | 'delivered' | 'lost'> }
  /**
   * Written by the thread: a count of calls of code of the user and of returns from it; what it is inside of; where in it, by its
   * number in `subjectFunctions` or among the places of scenarios. Last, written by the first thread: whether the command is to
   * end in good order.
   */
  readonly lastSeen: SharedArrayBuffer
  /** At what time it was called: a node's clock may show a date, which is more than 32 bits. */
  readonly lastSeenAtMs: SharedArrayBuffer
}

/** Whose code the thread is in. */
export const INSIDE = { nothing: 0, subject: 1, scenario: 2 } as const
export type Inside = (typeof INSIDE)[keyof typeof INSIDE]

export type FromCommandThread =
  | { readonly kind: 'wrote'; readonly to: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'loading'; readonly load: Load }
  /** From here on it is this subject that is called. */
  | { readonly kind: 'watching'; readonly subject: string; readonly where: string | undefined }
  /** The next number is this place in a scenario. */
  | { readonly kind: 'place'; readonly place: string }
  /** From here on, or no longer, it ends in good order when it is told to. */
  | { readonly kind: 'interruptible'; readonly is: boolean }
  /** It still answers; or all that is left to it is a promise that nobody keeps. */
  | { readonly kind: 'pong' | 'forsaken' }
  | { readonly kind: 'ended'; readonly code: ExitCode }

/**
 * Runs the command that `argv` names in a thread, and ends it when a subject in it has not come back from a call for
 * `patienceMs`: nothing else stops a loop.
 * @throws SubjectFault for a subject that hangs
 * @throws InputError when the thread dies, or a file does not come to an end when it is loaded
 */
export async function watched(io: Io, argv: readonly string[], patienceMs: number): Promise<ExitCode> {
  const file = join(packageRoot(), 'dist', 'command-thread.js')
  if (!existsSync(file)) throw new Error(`${file} is missing: the package is not built`)
  const lastSeen = new Int32Array(new SharedArrayBuffer(16))
  const lastSeenAtMs = new Float64Array(new SharedArrayBuffer(8))
  const { cwd, env, cores } = io
  const streams = { stdout: shownOf(io.stdout), stderr: shownOf(io.stderr) }
  const worker = new Worker(file, {
    // A configuration may ask `process.argv` as well.
    argv: [...argv],
    workerData: {
      ...{ argv, cwd, env: { ...env }, cores, streams },
      lastSeen: lastSeen.buffer,
      lastSeenAtMs: lastSeenAtMs.buffer,
    } satisfies CommandThreadSpec,
  })
  const vigil = new Vigil(patienceMs, () => worker.postMessage('ping'))
  let watching: Extract<FromCommandThread, { kind: 'watching' }> | undefined
  const places: string[] = []

  return new Promise<ExitCode>((resolve, reject) => {
    let over = false
    let ended: ExitCode | undefined
    let interrupt: Interrupt | undefined
    /** A document is one: it is given out when it is known that nothing has failed after it. */
    const held: string[] | undefined = argv.includes('--json') && !argv.includes('--trace') ? [] : undefined
    const finish = (code: ExitCode): void => {
      for (const text of held ?? []) io.stdout.write(text)
      resolve(code)
    }
    let drawn = false
    const end = (settle: () => void): void => {
      over = true
      // The bar of a command that is ended would stand before what is told.
      if (drawn && ended === undefined) io.stderr.write(ERASE_LINE)
      interrupt?.dispose()
      clearInterval(looking)
      loading.clear()
      void worker.terminate().then(settle, settle)
    }
    const loading = loadLimit(patienceMs, (error) => end(() => reject(error)))
    const inside = () => Atomics.load(lastSeen, 1)
    const given = `it was given ${patienceMs / 1_000} s`
    const hung = (hang: Hang | undefined, waited = given): void => {
      if (hang === undefined || over) return
      const { subject = '', where } = watching ?? {}
      const [, , what = 0] = lastSeen
      const [atMs = NO_TIME] = lastSeenAtMs
      if (inside() === INSIDE.scenario) {
        end(() => reject(endlessScenario(endlessText(places[what], atMs), given)))
        return
      }
      const command = subjectFunctions[what] ?? 'a function'
      const details = where === undefined ? waited : `${waited}; ${where}`
      const message = `subject "${subject}" ${hangText(hang, command, atMs)}\n      ${details}`
      end(() => reject(new SubjectFault(hang, command, message)))
    }
    const died = (happened: string, found: string): void => {
      if (over) return
      const [, , what = 0] = lastSeen
      const during = inside() === INSIDE.subject ? `, in ${subjectFunctions[what]}` : ''
      const who =
        watching === undefined || watching.subject === builtInSubject.name
          ? 'the configuration, or a file that it names,'
          : `subject "${watching.subject}"`
      end(() => reject(threadDied(who, `${happened}${during}`, found)))
    }
    const looking = setInterval(() => {
      const count = Atomics.load(lastSeen, 0)
      if (inside() === INSIDE.nothing) vigil.begin(count)
      else hung(vigil.look(count))
    }, LOOK_EVERY_MS)
    worker.on('message', (message: FromCommandThread) => {
      if (over) return
      switch (message.kind) {
        case 'wrote':
          if (message.to === 'stderr') drawn = io.stderr.redraws && message.text.startsWith(ESCAPE)
          if (message.to === 'stdout' && held !== undefined) held.push(message.text)
          else io[message.to].write(message.text)
          return
        case 'loading':
          loading.heard(message.load)
          return
        case 'watching':
          watching = message
          return
        case 'place':
          places.push(message.place)
          return
        case 'interruptible':
          interrupt?.dispose()
          interrupt = message.is ? onInterrupt() : undefined
          interrupt?.signal.addEventListener('abort', () => Atomics.store(lastSeen, 3, 1))
          return
        case 'pong':
          hung(vigil.heard(Atomics.load(lastSeen, 0)))
          return
        case 'forsaken':
          if (inside() === INSIDE.subject) hung('silent', 'nothing is left that might bring the answer')
          else end(() => reject(new InputError(forsaken)))
          return
        case 'ended':
          ended = message.code
          // What the subject has begun may still fail; what never ends is not waited for.
          clearInterval(looking)
          setTimeout(() => end(() => finish(message.code)), patienceMs).unref()
      }
    })
    worker.on('error', (error: unknown) =>
      died('failed by itself', error instanceof Error ? error.message : String(error)),
    )
    worker.on('exit', (code) => {
      if (over) return
      if (ended === undefined) died('ended the process', `process.exit(${code})`)
      else {
        over = true
        finish(ended)
      }
    })
  })
}

const ESCAPE = '\u001b'
const ERASE_LINE = `\r${ESCAPE}[2K`

const shownOf = ({ redraws, colorLevel, columns }: Sink): Omit<Sink, 'write' | 'delivered' | 'lost'> => ({
  redraws,
  colorLevel,
  columns,
})

const endlessText = (place = 'a scenario', atMs: number): string =>
  `${place}, does not come to an end${atMs === NO_TIME ? '' : `: it was called at ${atMs} ms of the node's clock`}`

const forsaken = {
  what: 'waiting for a promise that is never kept',
  expected: 'a configuration, and files that it names, that come to an end when they are loaded',
}
