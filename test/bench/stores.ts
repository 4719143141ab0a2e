import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Bench } from 'tinybench'
import { type Fence, tokenMint } from '../../src/lease/index.js'
import { percentile } from '../../src/metrics/index.js'
import { grouped, table } from '../../src/report/index.js'
import { type Core, memoryCore, openStore, readLog, storedCore } from '../../src/stores/index.js'
import type { Access } from '../../src/stores/sqlite/access.js'
import { type Bare, bareOn } from './bare-stores.js'
import { packedLog } from './git-pack.js'

// What a lease costs on each store, on one connection, beside a bare compare-and-swap on the same server; and whether a long
// log can be replayed in constant memory. Figures and targets are printed, never asserted.
//
//   npm run bench:stores                          the table, where all is synced that can be
//   npm run bench:stores -- sqlite                one part of it
//   npm run bench:stores -- --unsynced            the table, where nothing is: the stores that go with the process
//   npm run bench:stores -- --replay 1000000 redis   appends so many events, and replays them

const ROUNDS = 24

/** Where the table measures, and how often in a round. A SQLite file is its process's alone if it goes with the process. */
interface Place {
  readonly label: string
  readonly kind: 'memory' | 'sqlite' | 'git' | 'postgres' | 'redis'
  readonly access: Access
  readonly named?: true
  readonly perRound: number
}

const memory: Place = { label: 'memory', kind: 'memory', access: 'alone', perRound: 5_000 }
const servers = (access: Access): readonly Place[] => [
  { label: 'git', kind: 'git', access, perRound: 60 },
  { label: 'postgres', kind: 'postgres', access, perRound: 150 },
  { label: 'redis', kind: 'redis', access, perRound: 150 },
]
const SYNCED: readonly Place[] = [
  memory,
  { label: 'sqlite', kind: 'sqlite', access: 'shared-and-synced', named: true, perRound: 150 },
  ...servers('shared-and-synced'),
]
const UNSYNCED: readonly Place[] = [
  memory,
  { label: 'sqlite', kind: 'sqlite', access: 'shared', named: true, perRound: 1_500 },
  { label: 'sqlite, own file', kind: 'sqlite', access: 'alone', perRound: 1_500 },
  ...servers('shared'),
]
const TARGET = 0.6
const mint = tokenMint('secret')

/** One core that is asked one thing after another. */
class Asker {
  #requests = 0
  readonly #core: Core
  fence: Fence | undefined

  constructor(core: Core) {
    this.#core = core
  }

  async acquire(): Promise<void> {
    const asked = { session: 'a', request: ++this.#requests, clockMs: 0, queueMs: 0, inQueue: false }
    const command = { kind: 'acquire', space: 's', owner: 'a', ttlMs: 1e9, ...asked } as const
    const reply = await this.#core.execute(command, this.#requests)
    if (reply.kind !== 'granted') throw new Error(reply.kind)
    this.fence = reply.fence
  }

  async renew(): Promise<void> {
    const fence = this.fence as Fence
    const command = { kind: 'renew', fence, ttlMs: 1e9, session: 'a', request: ++this.#requests } as const
    const reply = await this.#core.execute(command, this.#requests)
    if (reply.kind !== 'renewed') throw new Error(reply.kind)
  }

  async append(): Promise<void> {
    const fence = this.fence as Fence
    const asked = { session: 'a', request: ++this.#requests }
    const payload = { alias: 'home', page: this.#requests }
    const reply = await this.#core.execute(
      { kind: 'append', fence, type: 'alias-set', payload, ...asked },
      this.#requests,
    )
    if (reply.kind !== 'appended') throw new Error(reply.kind)
  }
}

const samplesOf = async (operation: () => Promise<void>, iterations: number): Promise<readonly number[]> => {
  const bench = new Bench({ iterations, time: 0, warmup: false, throws: true, retainSamples: true })
  bench.add('operation', operation)
  await bench.run()
  const result = bench.tasks[0]?.result
  if (result === undefined || !('latency' in result)) throw new Error('an operation was not timed')
  return result.latency.samples ?? []
}

async function measure({
  label,
  kind,
  access,
  named,
  perRound,
}: Place): Promise<{ readonly rows: string[][]; readonly shares: readonly number[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'contention-bench-'))
  const spec = named ? `${kind}=${join(folder, 'store.db')}` : kind
  const open = await openStore(spec, { env: {}, durable: access === 'shared-and-synced' })
  const bare: Bare = await bareOn(kind, folder, open, access)
  try {
    const core = open === undefined ? memoryCore(mint) : storedCore(open.namespace('bench'), mint)
    const asker = new Asker(core)
    await asker.acquire()
    const withEvent = `${bare.name} + event`
    // Of rounds, in which all take their turns, and not of single times: one hiccup of the machine would decide everything.
    const rates = (name: string) => (samples.get(name) as number[][]).map((times) => 1_000 / mean(times))
    const share = (name: string, of: string) => {
      const bares = rates(of)
      return median(rates(name).map((rate, round) => rate / (bares[round] as number)))
    }
    const operations = {
      acquire: async () => asker.acquire(),
      renew: async () => asker.renew(),
      append: async () => asker.append(),
      [bare.name]: bare.swap,
      [withEvent]: bare.append,
    }
    const samples = new Map<string, number[][]>(Object.keys(operations).map((name) => [name, []]))
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, operation] of Object.entries(operations)) {
        const timed = await samplesOf(operation, perRound)
        if (round > 0) samples.get(name)?.push([...timed])
      }
    }
    const percent = (name: string, of: string) => `${Math.round(100 * share(name, of))}%`
    const leased = ['acquire', 'renew', 'append']
    const rows = [...samples].map(([name, rounds]) => [
      label,
      name,
      grouped(Math.round(median(rates(name)))),
      micros(percentile(rounds.flat(), 50)),
      micros(percentile(rounds.flat(), 99)),
      leased.includes(name) ? percent(name, bare.name) : '',
      name === 'append' ? percent(name, withEvent) : '',
    ])
    return { rows, shares: ['renew', 'append'].map((name) => share(name, bare.name)) }
  } finally {
    await bare.close()
    await open?.remove('bench')
    await open?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length
const median = (numbers: readonly number[]): number => percentile(numbers, 50)
const micros = (ms: number): string => (ms * 1_000).toFixed(ms < 0.01 ? 1 : 0)

const rateOf = (events: number, ms: number) => grouped(Math.round((events * 1_000) / ms))

async function appendAll(core: Core, events: number): Promise<void> {
  const asker = new Asker(core)
  await asker.acquire()
  for (let at = 0; at < events; at++) await asker.append()
}

/** A log in a store of its own, appended by the store itself; in git it is built in a pack, in a process of its own. */
async function replay(events: number, kind: string): Promise<void> {
  if (kind === 'git') {
    const folder = mkdtempSync(join(tmpdir(), 'contention-bench-'))
    try {
      const startedMs = performance.now()
      execFileSync(process.execPath, [process.argv[1] as string, '--pack', String(events), folder], {
        stdio: 'inherit',
      })
      const tookMs = performance.now() - startedMs
      console.log(`git: ${grouped(events)} events packed at ${rateOf(events, tookMs)}/s`)
      await replayFrom(`git=${folder}`, events)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return
  }
  const open = await openStore(kind, { env: {}, durable: false })
  if (open === undefined) throw new Error(`${kind} keeps no log to read from elsewhere`)
  try {
    const startedMs = performance.now()
    await appendAll(storedCore(open.namespace('replay'), mint), events)
    console.log(`${kind}: ${grouped(events)} events appended at ${rateOf(events, performance.now() - startedMs)}/s`)
    await replayFrom(open.spec(), events)
    await open.remove('replay')
  } finally {
    await open.close()
  }
}

async function packLog(events: number, folder: string): Promise<void> {
  execFileSync('git', ['init', '--quiet', '--bare', folder])
  const log = packedLog(folder)
  await appendAll(storedCore(log.store, mint), events)
  await log.finish('refs/contention/replay/s')
}

async function replayFrom(spec: string, events: number): Promise<void> {
  const open = await openStore(spec, { env: {}, durable: false })
  if (open === undefined) throw new Error(`${spec} keeps no log to read from elsewhere`)
  try {
    const startedMs = performance.now()
    const heaps: string[] = []
    const residents: string[] = []
    let read = 0
    for await (const _ of readLog(storedCore(open.namespace('replay'), mint), 's')) {
      read += 1
      if (read % Math.ceil(events / 10) !== 0) continue
      globalThis.gc?.()
      const { heapUsed, rss } = process.memoryUsage()
      heaps.push((heapUsed / 2 ** 20).toFixed(1))
      residents.push((rss / 2 ** 20).toFixed(0))
    }
    const tookMs = performance.now() - startedMs
    console.log(`${open.kind}: ${grouped(read)} events replayed at ${rateOf(read, tookMs)}/s`)
    console.log(`heap after each tenth of the log, MiB: ${heaps.join(' ')}`)
    console.log(`resident after each tenth of the log, MiB: ${residents.join(' ')}`)
    if (read !== events) throw new Error(`${events} events were appended, ${read} read`)
  } finally {
    await open.close()
  }
}

const [command, events, where] = process.argv.slice(2)
if (command === '--pack') await packLog(Number(events), where as string)
else if (command === '--replay') await replay(Number(events), where ?? 'sqlite')
else {
  const rows: string[][] = []
  const lines: string[] = []
  const places = process.argv.includes('--unsynced') ? UNSYNCED : SYNCED
  const asked = places.filter(({ kind }) => process.argv.includes(kind))
  for (const place of asked.length > 0 ? asked : places) {
    const { rows: more, shares } = await measure(place)
    rows.push(...more)
    const lowest = Math.min(...shares)
    if (place !== memory) {
      const verdict = lowest >= TARGET ? 'held    ' : 'NOT HELD'
      lines.push(
        `${verdict}  ${place.label}: renew and append at ${lowest.toFixed(2)} of the bare rate or more, target ${TARGET}`,
      )
    }
  }
  console.log(
    table(['store', 'operation', 'per second', 'p50 µs', 'p99 µs', 'of the bare rate', 'with an event'], rows).join(
      '\n',
    ),
  )
  console.log(`\n${lines.join('\n')}`)
}
