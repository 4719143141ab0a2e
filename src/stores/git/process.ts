import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { wasMeantForUs } from '../processes/signals.js'
import { gitError, gitMissing } from './problem.js'

/** Where git is told to work. */
export interface GitPlace {
  /** For people: what errors name. */
  readonly name: string
  /** What comes before the command: `--git-dir=…`, or `-C …` while that is not known yet. */
  readonly args: readonly string[]
}

/**
 * Git waits so long, itself, for a ref or for the packed refs that another process has locked. A writer holds them for
 * microseconds, and `git gc` for some milliseconds each: what stays locked for longer was left behind by a crash.
 */
const LOCK_TIMEOUT_MS = 2_000

/** What the user has configured for their own work, and what must not happen in ours. */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  // Unless a repository is to be synced: then its own arguments say so.
  'core.fsync=none',
  'core.logAllRefUpdates=false',
  // It makes git look for a ref in every place where there could be one of that name.
  'core.warnAmbiguousRefs=false',
  `core.filesRefLockTimeout=${LOCK_TIMEOUT_MS}`,
  `core.packedRefsTimeout=${LOCK_TIMEOUT_MS}`,
  'safe.bareRepository=all',
].flatMap((setting) => ['-c', setting])

/** Enough for any message, whatever a child that has gone mad may write. */
const MOST_SAID = 4_096

/** Git's variables say which repository, index or date to use: ours are arguments. Its configuration stays the user's. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('GIT_') || /^GIT_(CONFIG|EXEC_PATH)/.test(name),
  )
  return { ...Object.fromEntries(kept), LC_ALL: 'C', LANGUAGE: '', GIT_NO_REPLACE_OBJECTS: '1', GIT_NO_LAZY_FETCH: '1' }
}

const allArgs = (place: GitPlace, args: readonly string[]) => [...SETTINGS, ...place.args, ...args]

/**
 * What one git command prints. `failed` says what could not be done.
 * @throws StoreError when there is no git, or the command fails
 */
export async function runGit(place: GitPlace, args: readonly string[], failed: string, input = ''): Promise<string> {
  let ended = await outcomeOf(place, args, input)
  // A signal that is for our group ends a git that has no group of its own yet, before it did anything.
  if (ended.kind === 'ended' && wasMeantForUs(ended.signal)) ended = await outcomeOf(place, args, input)
  if (ended.kind === 'not-started') {
    const { error } = ended
    throw error.code === 'ENOENT'
      ? gitMissing(place.name)
      : gitError(place.name, failed, error.message, { cause: error })
  }
  if (ended.code === 0) return ended.printed
  throw gitError(place.name, failed, lastWords(ended.words, ended.code, ended.signal))
}

type Outcome =
  | { readonly kind: 'not-started'; readonly error: NodeJS.ErrnoException }
  | {
      readonly kind: 'ended'
      readonly code: number | null
      readonly signal: NodeJS.Signals | null
      readonly printed: string
      readonly words: string
    }

function outcomeOf(place: GitPlace, args: readonly string[], input: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = start(place, args)
    const printed: Buffer[] = []
    let words = ''
    child.stdout?.on('data', (chunk: Buffer) => printed.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(0, MOST_SAID)
    })
    child.on('error', (error) => resolve({ kind: 'not-started', error }))
    child.on('close', (code, signal) =>
      resolve({ kind: 'ended', code, signal, printed: Buffer.concat(printed).toString(), words }),
    )
    // A command that ends without reading has said why.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** In a group of its own: Ctrl-C is for us, and what git does we let it end. */
const start = (place: GitPlace, args: readonly string[]): ChildProcess =>
  spawn('git', allArgs(place, args), {
    env: environment(),
    stdio: 'pipe',
    windowsHide: true,
    detached: process.platform !== 'win32',
  })

const lastWords = (words: string, code: number | null, signal: NodeJS.Signals | null): string =>
  said(words) || (signal === null ? `it ended with ${code}` : `it was ended by ${signal}`)

/** A git process that stays. */
export interface Conversation {
  readonly over: boolean
  say(text: string): void
  /** Nobody waits for an answer: until something is said again, our own process may end, and with it this one. */
  rest(): void
  /** Lets it end by itself, as it does too when we are killed: its input ends. */
  end(): Promise<void>
}

/** Why a git process is no more: what it said, or the signal; or undefined, if git could not be started at all. */
export type LastWords = string | undefined

/** Starts a git process that answers to `heard`. However it ends, `ended` learns of it, once, after the last answer. */
export function converse(
  place: GitPlace,
  args: readonly string[],
  heard: (chunk: Buffer) => void,
  ended: (lastWords: LastWords) => void,
): Conversation {
  const child = start(place, args)
  let over = false
  let words = ''
  const whenOver = new Promise<void>((resolve) => {
    const finish = (last: LastWords) => {
      if (over) return
      over = true
      resolve()
      ended(last)
    }
    child.on('error', ({ code, message }: NodeJS.ErrnoException) => finish(code === 'ENOENT' ? undefined : message))
    child.on('close', (code, signal) => finish(lastWords(words, code, signal)))
  })
  // Where even pipes are too many, there are none, and the error says so.
  child.stdin?.on('error', () => undefined)
  child.stdout?.on('data', heard)
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(0, MOST_SAID)
  })
  // Pipes are sockets, which the types do not say.
  const pipes = [child.stdin, child.stdout, child.stderr] as readonly unknown[] as readonly (Socket | null)[]
  const kept = [child, ...pipes]
  const stay = () => {
    for (const handle of kept) handle?.ref()
  }
  return {
    get over() {
      return over
    },
    say: (text) => {
      stay()
      child.stdin?.write(text)
    },
    rest: () => {
      for (const handle of kept) handle?.unref()
    },
    end: () => {
      stay()
      child.stdin?.end()
      return whenOver
    },
  }
}

/** The first of what git said: the rest is hints for somebody at a terminal. */
function said(words: string): string {
  const lines = words.split('\n').filter((line) => line !== '' && !line.startsWith('hint:'))
  const fatal = lines.find((line) => /^(fatal|error): /.test(line)) ?? lines[0] ?? ''
  return fatal.replace(/^(fatal|error): (\w+: (?=cannot ))?/, '')
}
