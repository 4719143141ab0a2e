import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Bench } from 'tinybench'
import { type Fence, tokenMint } from '../../src/lease/index.js'
import { percentile } from '../../src/metrics/index.js'
import { grouped, table } from '../../src/report/index.js'
import { type Core, memoryCore, openStore, readLog, storedCore } from '../../src/stores/index.js'
import { type Bare, bareOn } from './bare-stores.js'

// What a lease costs on each store, on one connection, beside a bare compare-and-swap on the same server; and whether a long
// log can be replayed in constant memory. Figures and targets are printed, never asserted.
//
//   npm run bench:stores                          the table
//   npm run bench:stores -- --replay 1000000 redis   appends so many events, and replays them

const ROUNDS = 8
const PER_ROUND: Readonly<Record<string, number>> = { memory: 5_000, sqlite: 150, git: 60, postgres: 150, redis: 150 }
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

async function measure(kind: string): Promise<{ readonly rows: string[][]; readonly shares: readonly number[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'contention-bench-'))
  // A place that stays: only there it has to be durable.
  const spec = kind === 'sqlite' ? `sqlite=${join(folder, 'store.db')}` : kind
  const open = await openStore(spec, { env: {} })
  const bare: Bare = await bareOn(kind, folder, open)
  try {
    const core = open === undefined ? memoryCore(mint) : storedCore(open.namespace('bench'), mint)
    const asker = new Asker(core)
    await asker.acquire()
    const operations = {
      acquire: () => asker.acquire(),
      renew: () => asker.renew(),
      append: () => asker.append(),
      [bare.name]: bare.swap,
    }
    const samples = new Map<string, number[]>(Object.keys(operations).map((name) => [name, []]))
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, operation] of Object.entries(operations)) {
        const timed = await samplesOf(operation, PER_ROUND[kind] as number)
        if (round > 0) samples.get(name)?.push(...timed)
      }
    }
    const rate = (name: string) => 1_000 / mean(samples.get(name) as number[])
    const rows = [...samples].map(([name, times]) => [
      kind,
      name,
      grouped(Math.round(rate(name))),
      micros(percentile(times, 50)),
      micros(percentile(times, 99)),
      name === bare.name ? '' : `${Math.round((100 * rate(name)) / rate(bare.name))}%`,
    ])
    return { rows, shares: ['renew', 'append'].map((name) => rate(name) / rate(bare.name)) }
  } finally {
    await bare.close()
    await open?.remove('bench')
    await open?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length
const micros = (ms: number): string => (ms * 1_000).toFixed(ms < 0.01 ? 1 : 0)

async function replay(events: number, kind: string): Promise<void> {
  const open = await openStore(kind, { env: {}, durable: false })
  if (open === undefined) throw new Error(`${kind} keeps no log to read from elsewhere`)
  try {
    const asker = new Asker(storedCore(open.namespace('replay'), mint))
    await asker.acquire()
    let startedMs = performance.now()
    for (let at = 0; at < events; at++) await asker.append()
    const appendedMs = performance.now() - startedMs
    startedMs = performance.now()
    const heaps: number[] = []
    let read = 0
    for await (const _ of readLog(storedCore(open.namespace('replay'), mint), 's')) {
      read += 1
      if (read % Math.ceil(events / 10) !== 0) continue
      globalThis.gc?.()
      heaps.push(process.memoryUsage().heapUsed / 2 ** 20)
    }
    const rate = (ms: number) => grouped(Math.round((events * 1_000) / ms))
    const tookMs = performance.now() - startedMs
    console.log(`${kind}: ${grouped(read)} events appended at ${rate(appendedMs)}/s, replayed at ${rate(tookMs)}/s`)
    console.log(`heap after each tenth of the log, MiB: ${heaps.map((mib) => mib.toFixed(1)).join(' ')}`)
    if (read !== events) throw new Error(`${events} events were appended, ${read} read`)
  } finally {
    await open.remove('replay')
    await open.close()
  }
}

const at = process.argv.indexOf('--replay')
if (at >= 0) await replay(Number(process.argv[at + 1]), process.argv[at + 2] ?? 'sqlite')
else {
  const rows: string[][] = []
  const lines: string[] = []
  for (const kind of Object.keys(PER_ROUND)) {
    const { rows: more, shares } = await measure(kind)
    rows.push(...more)
    const lowest = Math.min(...shares)
    if (kind !== 'memory') {
      const label = lowest >= TARGET ? 'held    ' : 'NOT HELD'
      lines.push(
        `${label}  ${kind}: renew and append at ${lowest.toFixed(2)} of the bare rate or more, target ${TARGET}`,
      )
    }
  }
  console.log(table(['store', 'operation', 'per second', 'p50 µs', 'p99 µs', 'of the bare rate'], rows).join('\n'))
  console.log(`\n${lines.join('\n')}`)
}
