import { setTimeout as sleep } from 'node:timers/promises'
import { tokenMint } from '../lease/index.js'
import {
  type Core,
  type Environment,
  type OpenStore,
  openStore,
  readPages,
  StoreError,
  storedCore,
} from '../stores/index.js'
import { patiently } from './patience.js'
import { END_WITHIN_MS, Racers } from './racers.js'
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
  /** Of this process, which those of the race have as well: a store may be named by it. */
  readonly env?: Environment
  /** How long processes may take to end after the time is up, before they are killed. */
  readonly endWithinMs?: number
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
  /** How many processes did not end when the time was up, and were killed: what they had asked was not answered in time. */
  readonly hung: number
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
  const specOf = (lane: number, start: number) => ({
    store: open.spec(),
    namespace,
    node: `node-${lane}`,
    session: `node-${lane}#${start}`,
    spaces: SPACES,
    ttlMs: TTL_MS,
  })
  const racers = new Racers(options.program, acknowledged, specOf, options.endWithinMs ?? END_WITHIN_MS)
  const isWanted = () => options.interrupted?.() !== true
  const goesOn = () => racers.canGoOn && isWanted()
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
    await finished(racers, isWanted)
    const { hung } = racers
    const { appends, unanswered, lost, any } = acknowledged
    const failures = any ? racers.failures : [...racers.failures, ...lost]
    const results = await resultsOf(acknowledged, failures, () => judge(open, namespace, acknowledged, options))
    return { results, appends: appends.size, tookMs, ...disturbance.counts, unanswered, failures, hung }
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

/** Waits for the processes, but not for what hangs in one that nobody wants any more. */
async function finished(racers: Racers, isWanted: () => boolean): Promise<void> {
  const looking = setInterval(() => {
    if (!isWanted()) racers.killAll()
  }, 50)
  await racers.finish()
  clearInterval(looking)
}

async function resultsOf(
  { any, lost: [lost] }: Acknowledged,
  failures: readonly string[],
  judged: () => Promise<readonly RaceResult[]>,
): Promise<readonly RaceResult[]> {
  // What such a store still has says nothing.
  if (any && lost !== undefined) return [hasLost(lost)]
  if (failures.length > 0) return []
  try {
    return await judged()
  } catch (error) {
    if (!any || !(error instanceof StoreError) || !error.problem.lost) throw error
    const { what, found } = error.problem
    return [hasLost(found === undefined ? what : `${what}: ${found}`)]
  }
}

const hasLost = (evidence: string): RaceResult => ({
  name: 'the store keeps what it has acknowledged',
  held: false,
  seen: 1,
  evidence,
})

/**
 * Judges what is in the store's place, opened anew: what was open before the race may be a file that has been removed since, or
 * replaced by another.
 */
async function judge(
  open: OpenStore,
  namespace: string,
  acknowledged: Acknowledged,
  { env = {}, interrupted }: RaceOptions,
): Promise<readonly RaceResult[]> {
  const patient = <T>(ask: () => T | Promise<T>) => patiently(ask, undefined, () => interrupted?.() !== true)
  const anew = await patient(() => openStore(open.spec(), { env }))
  if (anew === undefined) throw new TypeError('a race needs a store that can be opened again')
  try {
    const core = storedCore(anew.namespace(namespace), tokenMint(''))
    const asked: Core = { execute: (command, nowMs) => patient(() => core.execute(command, nowMs)) }
    const judging = new RaceJudge(acknowledged)
    const heads = new Map<string, number>()
    for (const space of SPACES) {
      for await (const { events, nextSeq } of readPages(asked, space)) {
        judging.read(space, events)
        heads.set(space, nextSeq)
      }
    }
    return judging.end(heads)
  } finally {
    await anew.close()
  }
}
