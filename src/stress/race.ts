import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { tokenMint } from '../lease/index.js'
import type { Reply } from '../log/index.js'
import { type OpenStore, StoreError, storedCore } from '../stores/index.js'
import { patiently } from './patience.js'
import type { Go, RacerSpec } from './racer.js'
import { Acknowledged, RaceJudge, type RaceResult, type Told } from './report.js'

export interface RaceOptions {
  readonly processes: number
  readonly seconds: number
  /** Kill processes by SIGKILL at random, and start them again. */
  readonly kill: boolean
  /** Kill the store's server by SIGKILL now and then, and start it again. Only a server that was started for the race. */
  readonly restartServer: boolean
  /** The built file that runs `race` of racer.ts. */
  readonly program: string
  readonly onProgress?: (soFar: { readonly appends: number; readonly leftMs: number }) => void
  /** Ends the race early when it turns true. */
  readonly interrupted?: () => boolean
}

export interface Race {
  readonly results: readonly RaceResult[]
  readonly appends: number
  readonly tookMs: number
  readonly killed: number
  readonly serverRestarts: number
  readonly unanswered: number
  /** What processes said who could not go on. */
  readonly failures: readonly string[]
}

/** Few, so that processes meet. */
const SPACES = ['space-0', 'space-1', 'space-2', 'space-3']
const TTL_MS = 300
const KILL_EVERY_MS = 250
const RESTART_SERVER_EVERY_MS = 2_500
/** A process starts in a fraction of a second; many at once, on a machine that is busy, take much longer. */
const READY_WITHIN_MS = 60_000
/** How long the processes may take to end after the time is up: an unanswered request may have to wait for a server. */
const END_WITHIN_MS = 40_000
const PAGE = 1_000

/** Has several processes race on one namespace of `open` in real time, and judges what is in the store afterwards. */
export async function runRace(open: OpenStore, namespace: string, options: RaceOptions): Promise<Race> {
  const acknowledged = new Acknowledged()
  const failures: string[] = []
  const counts = { killed: 0, serverRestarts: 0, starts: 0 }
  const lanes: ChildProcess[] = []
  /** Those that can be killed in the middle of something. */
  const racing = new Set<ChildProcess>()
  let go: Go | undefined
  let over = false
  const goesOn = () => failures.length === 0 && !over && options.interrupted?.() !== true

  const start = (lane: number): void => {
    counts.starts += 1
    const spec: RacerSpec = {
      store: open.spec(),
      namespace,
      node: `node-${lane}`,
      session: `node-${lane}#${counts.starts}`,
      spaces: SPACES,
      ttlMs: TTL_MS,
    }
    // In a group of its own: Ctrl-C is for us, who end the race. It ends with us too, even if we are killed.
    const child = fork(options.program, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], detached: true })
    lanes[lane] = child
    let said = ''
    let failed = false
    child.stderr?.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-2_000)
    })
    child.on('message', (told: Told) => {
      acknowledged.add(told)
      if (told.kind === 'ready') {
        racing.add(child)
        if (go !== undefined) child.send(go, () => undefined)
      }
      if (told.kind !== 'failed') return
      failed = true
      if (told.lost) over = true
      else failures.push(told.message)
    })
    // Not by argument: the URL may hold a password, and arguments can be read by everybody on the machine.
    child.send(spec, () => undefined)
    child.on('exit', (code, signal) => {
      racing.delete(child)
      if (code !== 0 && signal !== 'SIGKILL' && !failed)
        failures.push(said.trim().split('\n').at(-1) || `it ended with ${signal ?? `exit code ${code}`}`)
      if (signal === 'SIGKILL' && !over) start(lane)
    })
  }

  try {
    for (let lane = 0; lane < options.processes; lane++) start(lane)
    const waitingSinceMs = Date.now()
    while (racing.size < lanes.length && goesOn() && Date.now() - waitingSinceMs < READY_WITHIN_MS) await sleep(10)
    const startedMs = Date.now()
    const untilMs = startedMs + options.seconds * 1_000
    go = { untilMs }
    for (const child of racing) child.send(go, () => undefined)
    let killAtMs = startedMs + 2 * KILL_EVERY_MS
    let restartAtMs = startedMs + RESTART_SERVER_EVERY_MS / 2
    while (Date.now() < untilMs && goesOn()) {
      await sleep(50)
      options.onProgress?.({ appends: acknowledged.appends.size, leftMs: untilMs - Date.now() })
      const victim = [...racing][Math.floor(Math.random() * racing.size)]
      if (options.kill && victim !== undefined && Date.now() >= killAtMs) {
        killAtMs = Date.now() + KILL_EVERY_MS
        counts.killed += 1
        racing.delete(victim)
        victim.kill('SIGKILL')
      }
      if (options.restartServer && open.server !== undefined && Date.now() >= restartAtMs) {
        counts.serverRestarts += 1
        await open.server.kill()
        await open.server.restart()
        restartAtMs = Date.now() + RESTART_SERVER_EVERY_MS
      }
    }
    const tookMs = Date.now() - startedMs
    over = true
    const broken = failures.length > 0 || acknowledged.lost.length > 0 || options.interrupted?.() === true
    if (broken) for (const child of lanes) child.kill('SIGKILL')
    await Promise.all(lanes.map(ended))
    const results = await resultsOf(open, namespace, acknowledged, failures)
    const { killed, serverRestarts } = counts
    const { appends, unanswered } = acknowledged
    return { results, appends: appends.size, tookMs, killed, serverRestarts, unanswered, failures }
  } finally {
    over = true
    for (const child of lanes) child.kill('SIGKILL')
  }
}

/** Waits until a process has ended, and all it said has arrived. */
async function ended(child: ChildProcess): Promise<void> {
  const late = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS)
  await new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('close', () => resolve())
  })
  clearTimeout(late)
}

async function resultsOf(
  open: OpenStore,
  namespace: string,
  acknowledged: Acknowledged,
  failures: readonly string[],
): Promise<readonly RaceResult[]> {
  const [lost] = acknowledged.lost
  // What such a store still has says nothing.
  if (lost !== undefined) return [hasLost(lost)]
  if (failures.length > 0) return []
  try {
    return await judge(open, namespace, acknowledged)
  } catch (error) {
    if (error instanceof StoreError && error.problem.lost) return [hasLost(error.message)]
    throw error
  }
}

const hasLost = (evidence: string): RaceResult => ({
  name: 'the store keeps what it has acknowledged',
  held: false,
  evidence,
})

async function judge(open: OpenStore, namespace: string, acknowledged: Acknowledged): Promise<readonly RaceResult[]> {
  const core = storedCore(open.namespace(namespace), tokenMint(''))
  const judging = new RaceJudge(acknowledged)
  const heads = new Map<string, number>()
  for (const space of SPACES) {
    for (let fromSeq = 0, nextSeq = 1; fromSeq < nextSeq; ) {
      const reply: Reply = await patiently(() =>
        core.execute({ kind: 'read', space, fromSeq, limit: PAGE, session: 'judge', request: 1 }, Date.now()),
      )
      if (reply.kind !== 'events') throw new TypeError(`reading ${space}: ${reply.kind}`)
      judging.read(space, reply.events)
      nextSeq = reply.nextSeq
      heads.set(space, nextSeq)
      fromSeq = reply.events.length === 0 ? nextSeq : fromSeq + reply.events.length
    }
  }
  return judging.end(heads)
}
