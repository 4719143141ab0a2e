import { setTimeout as sleep } from 'node:timers/promises'
import { tokenMint } from '../lease/index.js'
import { type Core, type OpenStore, readPages, StoreError, storedCore } from '../stores/index.js'
import { patiently } from './patience.js'
import { Racers } from './racers.js'
import { Acknowledged, RaceJudge, type RaceResult } from './report.js'

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

/** Has several processes race on one namespace of `open` in real time, and judges what is in the store afterwards. */
export async function runRace(open: OpenStore, namespace: string, options: RaceOptions): Promise<Race> {
  const acknowledged = new Acknowledged()
  const racers = new Racers(options.program, acknowledged, (lane, start) => ({
    store: open.spec(),
    namespace,
    node: `node-${lane}`,
    session: `node-${lane}#${start}`,
    spaces: SPACES,
    ttlMs: TTL_MS,
  }))
  const goesOn = () => racers.canGoOn && options.interrupted?.() !== true
  try {
    racers.start(options.processes)
    const waitingSinceMs = performance.now()
    while (!racers.allReady && goesOn() && performance.now() - waitingSinceMs < READY_WITHIN_MS) await sleep(10)
    const startedMs = performance.now()
    const leftMs = () => startedMs + options.seconds * 1_000 - performance.now()
    racers.begin(leftMs)
    const disturbance = disturbing(open, racers, options)
    while (leftMs() > 0 && goesOn()) {
      await sleep(50)
      options.onProgress?.({ appends: acknowledged.appends.size, leftMs: leftMs() })
      await disturbance.strike()
    }
    const tookMs = performance.now() - startedMs
    if (!goesOn()) racers.killAll()
    await racers.finish()
    const { failures } = racers
    const results = await resultsOf(open, namespace, acknowledged, failures)
    const { appends, unanswered } = acknowledged
    return { results, appends: appends.size, tookMs, ...disturbance.counts, unanswered, failures }
  } finally {
    racers.killAll()
  }
}

/** What breaks the race while it goes on: processes and the server are killed, each in its own rhythm. */
function disturbing({ server }: OpenStore, racers: Racers, { kill, restartServer }: RaceOptions) {
  const counts = { killed: 0, serverRestarts: 0 }
  let killAtMs = performance.now() + 2 * KILL_EVERY_MS
  let restartAtMs = performance.now() + RESTART_SERVER_EVERY_MS / 2
  const strike = async (): Promise<void> => {
    if (kill && performance.now() >= killAtMs && racers.killOne()) {
      counts.killed += 1
      killAtMs = performance.now() + KILL_EVERY_MS
    }
    if (restartServer && server !== undefined && performance.now() >= restartAtMs) {
      counts.serverRestarts += 1
      await server.kill()
      await server.restart()
      restartAtMs = performance.now() + RESTART_SERVER_EVERY_MS
    }
  }
  return { counts, strike }
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
  seen: 1,
  evidence,
})

async function judge(open: OpenStore, namespace: string, acknowledged: Acknowledged): Promise<readonly RaceResult[]> {
  const core = storedCore(open.namespace(namespace), tokenMint(''))
  const patient: Core = { execute: (command, nowMs) => patiently(() => core.execute(command, nowMs)) }
  const judging = new RaceJudge(acknowledged)
  const heads = new Map<string, number>()
  for (const space of SPACES) {
    for await (const { events, nextSeq } of readPages(patient, space)) {
      judging.read(space, events)
      heads.set(space, nextSeq)
    }
  }
  return judging.end(heads)
}
