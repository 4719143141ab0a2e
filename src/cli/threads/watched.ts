import type { Load } from '../../config/index.js'
import { InputError } from '../../input/index.js'
import { builtInSubject, SubjectFault } from '../../subject/index.js'
import type { ExitCode } from '../terminal/exit-code.js'
import { type Interrupt, onInterrupt } from '../terminal/interrupt.js'
import type { Io, Sink } from '../terminal/io.js'
import { type Death, endlessScenario, givenText, type Hang, hangText, threadDied } from './hang.js'
import { loadLimit } from './load-limit.js'
import { type PONG, type Watch, WatchedThread } from './watched-thread.js'
import type { Inside, Whereabouts } from './whereabouts.js'

type ShownSink = Omit<Sink, 'write' | 'delivered' | 'lost'>

/** What a command's thread needs to know of the process: all of it can be copied. */
export interface CommandThreadSpec extends Pick<Io, 'cwd' | 'env' | 'cores'> {
  readonly argv: readonly string[]
  readonly streams: { readonly [Name in 'stdout' | 'stderr']: ShownSink }
}

export type FromCommandThread =
  | { readonly kind: 'wrote'; readonly to: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'loading'; readonly load: Load }
  /** From here on it is this subject that is called. */
  | { readonly kind: 'watching'; readonly subject: string; readonly where: string | undefined }
  /** The next number is this place in a scenario. */
  | { readonly kind: 'place'; readonly place: string }
  /** From here on, or no longer, it ends in good order when it is told to. */
  | { readonly kind: 'interruptible'; readonly is: boolean }
  | typeof PONG
  /** All that is left to it is a promise that nobody keeps. */
  | { readonly kind: 'forsaken' }
  | { readonly kind: 'ended'; readonly code: ExitCode }

type Told<K extends FromCommandThread['kind']> = Extract<FromCommandThread, { kind: K }>

/**
 * Runs the command that `argv` names in a thread, and ends it when a subject in it has not come back from a call for
 * `patienceMs`: nothing else stops a loop.
 * @throws SubjectFault for a subject that hangs
 * @throws InputError when the thread dies, or a file does not come to an end when it is loaded
 */
export async function watched(io: Io, argv: readonly string[], patienceMs: number): Promise<ExitCode> {
  const output = relayedOutput(io, argv)
  const called: Called = { watching: undefined, places: [] }
  return new Promise<ExitCode>((resolve, reject) => {
    let over = false
    let ended: ExitCode | undefined
    const end = (settle: () => void): void => {
      if (over) return
      over = true
      if (ended === undefined) output.eraseBar()
      interrupt.dispose()
      thread.unwatch()
      loading.clear()
      void thread.worker.terminate().then(settle, settle)
    }
    const fail = (error: Error): void => end(() => reject(error))
    const succeed = (code: ExitCode): void =>
      end(() => {
        output.giveOut()
        resolve(code)
      })
    const loading = loadLimit(patienceMs, fail)
    const watch: Watch = {
      patienceMs,
      excused: ({ inside }) => inside === 'nothing',
      hangs: (hang, whereabouts, inside) => fail(hangError(hang, whereabouts, inside, called, givenText(patienceMs))),
      died(death, whereabouts) {
        if (ended !== undefined && death.happened === 'ended the process') succeed(ended)
        else fail(deathError(death, whereabouts, called))
      },
    }
    // A configuration may ask `process.argv` as well.
    const thread = new WatchedThread('command-thread', commandThreadSpec(io, argv), watch, { argv: [...argv] })
    const interrupt = relayedInterrupt(thread.whereabouts)
    thread.worker.on('message', (message: FromCommandThread) => {
      if (over) return
      switch (message.kind) {
        case 'wrote':
          output.wrote(message)
          return
        case 'loading':
          loading.heard(message.load)
          return
        case 'watching':
          called.watching = message
          return
        case 'place':
          called.places.push(message.place)
          return
        case 'interruptible':
          interrupt.listen(message.is)
          return
        case 'forsaken':
          fail(forsakenError(thread.whereabouts, called))
          return
        case 'ended':
          ended = message.code
          // What the subject has begun may still fail; what never ends is not waited for.
          thread.unwatch()
          setTimeout(() => succeed(message.code), patienceMs).unref()
      }
    })
  })
}

function commandThreadSpec({ cwd, env, cores, stdout, stderr }: Io, argv: readonly string[]): CommandThreadSpec {
  const shownOf = ({ redraws, colorLevel, columns }: Sink): ShownSink => ({ redraws, colorLevel, columns })
  return { argv, cwd, env: { ...env }, cores, streams: { stdout: shownOf(stdout), stderr: shownOf(stderr) } }
}

const ESCAPE = '\u001b'
const ERASE_LINE = `\r${ESCAPE}[2K`

/** What the thread writes, where this one does. */
function relayedOutput(io: Io, argv: readonly string[]) {
  /** A document is one: it is given out when it is known that nothing has failed after it. */
  const held: string[] | undefined = argv.includes('--json') && !argv.includes('--trace') ? [] : undefined
  let drawn = false
  return {
    wrote({ to, text }: Told<'wrote'>): void {
      if (to === 'stderr') drawn = io.stderr.redraws && text.startsWith(ESCAPE)
      if (to === 'stdout' && held !== undefined) held.push(text)
      else io[to].write(text)
    },
    /** The bar of a command that is ended would stand before what is told. */
    eraseBar(): void {
      if (drawn) io.stderr.write(ERASE_LINE)
    },
    giveOut(): void {
      for (const text of held ?? []) io.stdout.write(text)
    },
  }
}

/** The thread hears no signals: it is told of them, for as long as it listens. */
function relayedInterrupt(whereabouts: Whereabouts) {
  let interrupt: Interrupt | undefined
  return {
    listen(is: boolean): void {
      interrupt?.dispose()
      interrupt = is ? onInterrupt() : undefined
      interrupt?.signal.addEventListener('abort', () => whereabouts.askToEnd())
    },
    dispose(): void {
      interrupt?.dispose()
    },
  }
}

/** What the thread calls, as it has told. */
interface Called {
  watching: Told<'watching'> | undefined
  /** In scenarios, by number. */
  readonly places: string[]
}

function hangError(
  hang: Hang,
  { asked, called: { place, atMs } }: Whereabouts,
  inside: Inside,
  { watching, places }: Called,
  waited: string,
): Error {
  if (inside === 'scenario') {
    const at = atMs === undefined ? '' : `: it was called at ${atMs} ms of the node's clock`
    return endlessScenario(`${places[place] ?? 'a scenario'}, does not come to an end${at}`, waited)
  }
  const { subject = '', where } = watching ?? {}
  const details = where === undefined ? waited : `${waited}; ${where}`
  const message = `subject "${subject}" ${hangText(hang, asked)}\n      ${details}`
  return new SubjectFault(hang, asked.what, message)
}

function forsakenError(whereabouts: Whereabouts, called: Called): Error {
  if (whereabouts.inside === 'subject')
    return hangError('silent', whereabouts, 'subject', called, 'nothing is left that might bring the answer')
  return new InputError({
    what: 'waiting for a promise that is never kept',
    expected: 'a configuration, and files that it names, that come to an end when they are loaded',
  })
}

function deathError(death: Death, { inside, asked }: Whereabouts, { watching }: Called): Error {
  const during = inside === 'subject' ? `, in ${asked.what}` : ''
  const who =
    watching === undefined || watching.subject === builtInSubject.name
      ? 'the configuration, or a file that it names,'
      : `subject "${watching.subject}"`
  return threadDied(who, death, during)
}
