import { type ChildProcess, spawn } from 'node:child_process'
import { hostKey } from '../stores/processes/host.js'
import { processesNamed, signal } from '../stores/processes/processes.js'
import { isRunning } from '../stores/processes/running.js'
import { awakeTimeout } from './awake.js'
import type { WorkerMessage, WorkerSpec } from './messages.js'
import { runOf } from './names.js'
import { type Exit, type NotStarted, sentence, WorkerNotStarted } from './not-started.js'

/** A worker process, in a process group of its own. */
export interface WorkerProcess {
  readonly pid: number
  /** As its engine calls it. */
  readonly worker: string
  readonly exit: Promise<Exit>
  /** Sends a signal to all of its process group. */
  signal(name: NodeJS.Signals): void
  /** Lets the job that waits for it go on. */
  proceed(job: string): void
}

export interface StartOptions {
  /** The built file that runs `runWorker` of worker.ts. */
  readonly program: string
  readonly spec: WorkerSpec
  readonly hardLimitMs: number | undefined
  /** Kills it, ready or not. */
  readonly signal: AbortSignal
  readonly onTold: (told: WorkerMessage, worker: WorkerProcess) => void
  /** When it has ended, however that came. */
  readonly onExit: (exit: Exit, said: string, worker: WorkerProcess) => void
  /** It takes 0.2 s. */
  readonly readyWithinMs: number
  /** A job has reached the hard limit; its process is killed now. */
  readonly onHardLimit: (job: string, worker: WorkerProcess) => void
}

const SHOWN = 2_000

/** Worker processes that have not ended yet. */
const alive = new Set<number>()

/** Resolves when the worker looks for jobs. @throws WorkerNotStarted when it never does */
export async function startWorker(options: StartOptions): Promise<WorkerProcess> {
  const { child, pid } = await spawned(options)
  const kill = () => killGroup(pid, 'SIGKILL')
  options.signal.addEventListener('abort', kill, { once: true })
  let said = ''
  child.stderr?.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-SHOWN)
  })
  const exit = exitOf(child)
  return new Promise((resolve, reject) => {
    const notStarted = (why: NotStarted) => reject(new WorkerNotStarted(why))
    const afterMs = options.readyWithinMs
    const late = awakeTimeout(afterMs, () => {
      kill()
      notStarted({ kind: 'silent', afterMs, said: gist(said) })
    })
    const limits = hardLimits(options.hardLimitMs)
    let worker: WorkerProcess | undefined
    let failure: (WorkerMessage & { kind: 'failed' }) | undefined
    child.on('message', (told: WorkerMessage) => {
      if (told.kind === 'failed') failure = told
      if (told.kind === 'ready') {
        late.clear()
        worker = handleOf(child, pid, told.worker, exit)
        resolve(worker)
      }
      if (worker === undefined) return
      limits.heard(told, worker, options.onHardLimit)
      options.onTold(told, worker)
    })
    exit.then((how) => {
      late.clear()
      limits.clear()
      options.signal.removeEventListener('abort', kill)
      alive.delete(pid)
      if (worker !== undefined)
        options.onExit(how, failure === undefined ? gist(said) : sentence(failure.problem), worker)
      else notStarted(failure ?? { kind: 'ended', exit: how, said: gist(said) })
    })
    child.send(options.spec, () => undefined)
  })
}

/** The process of a worker. Some of what keeps a system from making one, Node throws, and of some it tells later. */
function spawned({ program, spec }: StartOptions): Promise<{ readonly child: ChildProcess; readonly pid: number }> {
  return new Promise<{ readonly child: ChildProcess; readonly pid: number }>((resolve, reject) => {
    const child = spawn(process.execPath, [program, spec.runId, hostKey()], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: environmentOfWorkers(),
    })
    child.on('error', reject)
    const { pid } = child
    if (pid === undefined) return
    keep(pid)
    resolve({ child, pid })
  }).catch(({ code, message }: NodeJS.ErrnoException) => {
    throw new WorkerNotStarted({ kind: 'no process', code, message })
  })
}

/** The line of what a process has said, source and stack around it, that says why it ends. */
function gist(said: string): string {
  const lines = said.trim().split('\n')
  return (lines.find((line) => /Error|Assertion failed/.test(line)) ?? lines[0] ?? '').replace(/^[#\s]+/, '')
}

function handleOf(child: ChildProcess, pid: number, worker: string, exit: Promise<Exit>): WorkerProcess {
  return {
    pid,
    worker,
    exit,
    signal: (name) => killGroup(pid, name),
    proceed: (job) => {
      child.send({ proceed: job }, () => undefined)
    },
  }
}

/** After `exit` alone, more may still be read of what it said. */
function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('close', (code, by) => resolve({ code, signal: by }))
  })
}

/** A job that does not heed the soft limit, as it cannot when it never awaits, is ended with its process. */
function hardLimits(limitMs: number | undefined) {
  const timers = new Map<string, NodeJS.Timeout>()
  const clear = (job: string) => {
    clearTimeout(timers.get(job))
    timers.delete(job)
  }
  return {
    heard(told: WorkerMessage, worker: WorkerProcess, onHardLimit: StartOptions['onHardLimit']) {
      if (limitMs === undefined) return
      if (told.kind === 'started') {
        const stop = () => {
          onHardLimit(told.job, worker)
          worker.signal('SIGKILL')
        }
        timers.set(told.job, setTimeout(stop, limitMs))
      }
      if (told.kind === 'ended') clear(told.job)
    },
    clear: () => {
      for (const job of [...timers.keys()]) clear(job)
    },
  }
}

/** What a worker has no use for, it does not get: least of all how to reach other databases. How to speak TLS it needs. */
function environmentOfWorkers(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(PATH|HOME|TMPDIR|LANG|LC_\w+|TZ|PGSSL\w+|NODE_EXTRA_CA_CERTS)$/.test(name),
  )
  return { ...Object.fromEntries(kept), NO_LOG_SUCCESS: '1' }
}

function killGroup(pid: number, name: NodeJS.Signals): void {
  signal(-pid, name)
}

let kept = false

/** Whatever ends this process: no worker outlives it. */
function keep(pid: number): void {
  alive.add(pid)
  if (kept) return
  kept = true
  process.on('exit', () => {
    for (const one of alive) killGroup(one, 'SIGKILL')
  })
}

/**
 * Ends workers of runs whose process was killed before it could. They see that themselves, unless they are stopped or spin.
 * The number of killed processes.
 */
export function clearLostWorkers(program: string): number {
  const lost = processesNamed(program).filter(({ command }) => {
    const [name = '', host] = command
      .slice(command.indexOf(program) + program.length)
      .trim()
      .split(' ')
    const run = runOf(name)
    // In a container are workers of runs whose numbers mean nothing here.
    return run !== undefined && host === hostKey() && !isRunning(run.pid)
  })
  for (const { pid } of lost) killGroup(pid, 'SIGKILL')
  return lost.length
}
