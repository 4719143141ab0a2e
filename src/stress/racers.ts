import { type ChildProcess, fork } from 'node:child_process'
import { wasMeantForUs } from '../stores/index.js'
import type { Go, RacerSpec } from './racer.js'
import type { Acknowledged, RacerMessage } from './report.js'

/** How long the processes may take to end after the time is up: an unanswered request may have to wait for a server. */
export const END_WITHIN_MS = 40_000
/** Of what a process says on stderr, so much is kept: its last words. */
const MOST_WORDS = 2_000
const TOO_MANY =
  '  to do:    let fewer race (--processes), or allow this user more open files and processes (ulimit -n, ulimit -u)'

/**
 * The processes of a race, one in each lane. One that is killed is followed by another in its lane, which was never seen
 * before: it knows nothing of what its predecessor had asked.
 */
export class Racers {
  /** What processes said who could not go on. */
  readonly failures: string[] = []
  /** How many did not come to their end by themselves. */
  hung = 0
  readonly #program: string
  readonly #acknowledged: Acknowledged
  readonly #specOf: (lane: number, start: number) => RacerSpec
  /** By lane, the process that is in it. */
  readonly #lanes = new Map<number, ChildProcess>()
  /** Those that can be killed in the middle of something. */
  readonly #racing = new Set<ChildProcess>()
  #starts = 0
  #leftMs: (() => number) | undefined
  #over = false
  readonly #endWithinMs: number

  constructor(
    program: string,
    acknowledged: Acknowledged,
    specOf: (lane: number, start: number) => RacerSpec,
    endWithinMs: number,
  ) {
    this.#program = program
    this.#acknowledged = acknowledged
    this.#specOf = specOf
    this.#endWithinMs = endWithinMs
  }

  start(processes: number): void {
    for (let lane = 0; lane < processes; lane++) if (!this.#startIn(lane)) return
  }

  get allReady(): boolean {
    return this.#racing.size === this.#lanes.size
  }

  get canGoOn(): boolean {
    return this.failures.length === 0 && this.#acknowledged.lost.length === 0
  }

  /** Lets them race, those too that are started later. */
  begin(leftMs: () => number): void {
    this.#leftMs = leftMs
    for (const child of this.#racing) this.#letRace(child)
  }

  /** Kills one of those that race. False if there is none at the moment. */
  killOne(): boolean {
    const victim = [...this.#racing][Math.floor(Math.random() * this.#racing.size)]
    if (victim === undefined) return false
    this.#racing.delete(victim)
    victim.kill('SIGKILL')
    return true
  }

  /** Waits until they have come to their end, and all they said has arrived. Those that hang are killed, and counted. */
  async finish(): Promise<void> {
    this.#over = true
    const late = setTimeout(() => {
      const hanging = [...this.#lanes.values()].filter(isRunning)
      this.hung = hanging.length
      for (const child of hanging) child.kill('SIGKILL')
    }, this.#endWithinMs)
    await Promise.all([...this.#lanes.values()].map(ended))
    clearTimeout(late)
  }

  killAll(): void {
    this.#over = true
    for (const child of this.#lanes.values()) child.kill('SIGKILL')
  }

  /** False when the system lets us have no more processes. */
  #startIn(lane: number): boolean {
    this.#starts += 1
    // In a group of its own: Ctrl-C is for us, who end the race. It ends with us too, even if we are killed.
    const child = fork(this.#program, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], detached: true })
    child.on('error', ({ message }) => this.failures.push(`it could not be started: ${message}\n${TOO_MANY}`))
    if (child.pid === undefined) return false
    this.#lanes.set(lane, child)
    let words = ''
    let explained = false
    child.stderr?.on('data', (text: Buffer) => {
      words = (words + text.toString()).slice(-MOST_WORDS)
    })
    child.on('message', (told: RacerMessage) => {
      this.#acknowledged.add(told)
      if (told.kind === 'ready') this.#joins(child)
      if (told.kind !== 'failed') return
      explained = true
      if (!told.lost) this.failures.push(told.message)
    })
    child.on('exit', (code, signal) => {
      this.#racing.delete(child)
      if (signal === 'SIGKILL' || wasMeantForUs(signal)) {
        if (!this.#over) this.#startIn(lane)
      } else if (code !== 0 && !explained) {
        this.failures.push(words.trim().split('\n').at(-1) || `it ended with ${signal ?? `exit code ${code}`}`)
      }
    })
    // Not by argument: the URL may hold a password, and arguments can be read by everybody on the machine.
    child.send(this.#specOf(lane, this.#starts), () => undefined)
    return true
  }

  #joins(child: ChildProcess): void {
    this.#racing.add(child)
    this.#letRace(child)
  }

  #letRace(child: ChildProcess): void {
    if (this.#leftMs !== undefined) child.send({ forMs: this.#leftMs() } satisfies Go, () => undefined)
  }
}

const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null

async function ended(child: ChildProcess): Promise<void> {
  if (isRunning(child)) await new Promise((resolve) => child.once('close', resolve))
}
