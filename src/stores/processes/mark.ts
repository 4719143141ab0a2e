import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { OpenStore, Store } from '../store.js'
import { StoreError } from '../store-error.js'
import { hostKey } from './host.js'
import { isRunning } from './running.js'

/** A run's place in a store that others use as well. */
export interface RunMark {
  /** The run's namespace. More may begin with it: `…-1`, `…-2`. */
  readonly namespace: string
  /** @throws StoreError when another start has taken this run for dead, and removed what it had in the store */
  confirm(): Promise<void>
  /** Removes the run's namespaces: its own, and `more`. */
  remove(more?: readonly string[]): Promise<void>
}

/** Longer, and a run that begins and ends within it says nothing twice; shorter, and git has a commit for each. */
const BEAT_EVERY_MS = 60_000
/**
 * How long a run of another host is silent before it is taken for dead: as long as a machine may be asleep over night,
 * and more than clocks differ.
 */
export const DEAD_AFTER_MS = 86_400_000

const PREFIX = 'run-'
/** Host, process, and what tells its runs apart; then the namespaces of one run. */
const NAME = /^(run-([0-9a-f]{12})-(\d+)-[0-9a-f]{8})(?:-(?:\d+|mark))?$/
const MARK = 'mark'

interface Sign {
  readonly host: string
  readonly pid: number
  readonly beatMs: number
}

/**
 * Begins a run in `open`. First what killed runs have left there is removed: those of processes of this host that are no
 * more, and those of other hosts that have given no sign of life for a day.
 *
 * A run's sign of life is a record of its own, which is there before anything else of the run and goes last. It is renewed
 * every minute. Whoever removes a run removes the sign with it; so one that was not dead after all finds that out, and
 * says so instead of going on with records that are gone.
 */
export async function markRun(open: OpenStore): Promise<RunMark> {
  await clearKilledRuns(open)
  const namespace = `${PREFIX}${hostKey()}-${process.pid}-${randomBytes(4).toString('hex')}`
  const store = open.namespace(markOf(namespace))
  let version = await beat(store, 0)
  let beating: Promise<void> = Promise.resolve()
  const renew = async () => {
    try {
      if (version !== undefined) version = await beat(store, version)
    } catch {
      // A store that cannot be used for a while: the run itself will say so, if it has to do with it.
    }
  }
  const timer = setInterval(() => {
    beating = beating.then(renew)
  }, BEAT_EVERY_MS)
  timer.unref()
  return {
    namespace,
    async confirm() {
      await beating
      if (version !== undefined && (await store.load(MARK, MARK)).version > 0) return
      throw new StoreError({
        what: 'another start has taken this run for dead, and removed what it had in the store',
        store: `${open.kind} ${open.place}`,
        found: 'no sign of life of this run',
        expected: `one every ${BEAT_EVERY_MS / 1_000} s, by clocks that differ by less than a day`,
        todo: 'set the clocks of the machines that use the store, and run it again',
      })
    },
    async remove(more = []) {
      clearInterval(timer)
      await beating
      for (const name of [namespace, ...more, markOf(namespace)]) await open.remove(name)
    },
  }
}

const markOf = (namespace: string): string => `${namespace}-${MARK}`

/** Gives a sign of life. The version of the next one; undefined when the sign before has been removed. */
async function beat(store: Store, version: number): Promise<number | undefined> {
  const sign: Sign = { host: hostname(), pid: process.pid, beatMs: Date.now() }
  const swap = { record: JSON.stringify(sign), sessionKey: MARK, session: undefined, effect: undefined } as const
  const swapped = await store.swap(MARK, { ...swap, version, atMs: sign.beatMs, command: 'sign', by: MARK })
  if (swapped) return version + 1
  // One that seemed to have failed may have come through after all.
  const there = await store.load(MARK, MARK)
  return there.version === 0 ? undefined : there.version
}

async function clearKilledRuns(open: OpenStore): Promise<void> {
  const runs = new Map<string, string[]>()
  for (const name of await open.namespaces(PREFIX)) {
    const run = NAME.exec(name)?.[1]
    if (run !== undefined) runs.set(run, [...(runs.get(run) ?? []), name])
  }
  for (const [run, names] of runs) {
    if (await isAlive(open, run)) continue
    // The mark goes last: what is left when we are killed here is still known for what it is.
    for (const name of names.filter((other) => other !== markOf(run))) await open.remove(name)
    await open.remove(markOf(run))
  }
}

async function isAlive(open: OpenStore, run: string): Promise<boolean> {
  const [, , host, pid] = NAME.exec(run) ?? []
  if (host === hostKey()) return isRunning(Number(pid))
  const { record } = await open.namespace(markOf(run)).load(MARK, MARK)
  // Whoever is alive has a mark for as long as it has anything else.
  return record !== undefined && Date.now() - (JSON.parse(record) as Sign).beatMs < DEAD_AFTER_MS
}
