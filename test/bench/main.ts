import { spawnSync } from 'node:child_process'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { builtInScenarios } from '../../scenarios/index.js'
import { table } from '../../src/report/index.js'
import { resolveParameters, simulate } from '../../src/scenario/index.js'
import { type Done, drivers } from './drivers.js'
import { interleaved } from './interleaved.js'
import { measureSize, type Size } from './scale.js'
import { playBare, recordTape, tapeOf } from './tape.js'

// The kernel against what it is made of, against other ways to drive the same contenders, and against itself at other sizes.
// Figures and targets are printed, never asserted: only work that was not the same ends this with exit code 1.

const quick = process.argv.includes('--quick')
const rounds = quick ? 5 : 15
const print = (lines: readonly string[]): void => console.log(`${lines.join('\n')}\n`)
const target = (what: string, actual: number, bound: number, held: boolean): string =>
  `${held ? 'held    ' : 'NOT HELD'}  ${what}: ${actual.toFixed(2)}, target ${bound}`

if (isMainThread) await main()
else {
  const { scenario, parameters, seed } = workerData
  const found = builtInScenarios.find(({ name }) => name === scenario)
  if (found !== undefined) parentPort?.postMessage(recordTape(found, parameters, seed))
}

/** Each part in a process of its own: what one has the engine learn of the kernel would slow down the next. */
async function main(): Promise<void> {
  const parts = { againstBareLoop, againstOthers, atOtherSizes }
  const part = process.argv.find((argument): argument is keyof typeof parts => argument in parts)
  if (part !== undefined) return print(await parts[part]())
  for (const name of Object.keys(parts)) {
    const again = [...process.execArgv, ...process.argv.slice(1), name]
    const { status } = spawnSync(process.execPath, again, { stdio: 'inherit' })
    if (status !== 0) process.exit(1)
  }
}

/** Each built-in scenario, all observers on, against the same operations with nothing around them. */
async function againstBareLoop(): Promise<readonly string[]> {
  const durationMs = quick ? 60_000 : 300_000
  const rows: string[][] = []
  const ratios: number[] = []
  for (const scenario of builtInScenarios) {
    const parameters = resolveParameters(scenario.parameters, { durationMs })
    const tape = await tapeOf(new URL(import.meta.url), scenario.name, parameters, 1)
    const options = { seed: 1, parameters, maxEvents: Number.MAX_SAFE_INTEGER }
    const { steps } = await simulate(scenario, options)
    const grants = playBare(tape, 1)
    same(`${scenario.name}, steps`, steps, tape.steps)
    same(`${scenario.name}, grants`, grants, tape.grants)
    const ms = await interleaved({ kernel: () => simulate(scenario, options), bare: () => playBare(tape, 1) }, rounds)
    const ratio = (ms['bare'] as number) / (ms['kernel'] as number)
    ratios.push(ratio)
    rows.push([scenario.name, `${steps}`, nanos(ms['kernel'], steps), nanos(ms['bare'], steps), ratio.toFixed(2)])
  }
  const lowest = Math.min(...ratios)
  return [
    ...table(['built-in scenarios', 'steps', 'kernel ns/step', 'bare loop ns/step', 'speed of bare loop'], rows),
    target("slowest scenario, share of the bare loop's events per second", lowest, 0.6, lowest >= 0.6),
  ]
}

/** The same 64 contenders on 8 leases, driven in six ways. */
async function againstOthers(): Promise<readonly string[]> {
  const durationMs = quick ? 4_000 : 60_000
  const done: Record<string, Done> = {}
  for (const [name, drive] of Object.entries(drivers)) done[name] = await drive(durationMs)
  const kernel = done['kernel, built-in style'] as Done
  for (const name of ['kernel, convenient style', 'bare callback loop', 'fake-timers tick', 'fake-timers tickAsync']) {
    same(`${name}, grants`, done[name]?.grants, kernel.grants)
    same(`${name}, requests`, done[name]?.requests, kernel.requests)
  }
  const tasks = Object.fromEntries(Object.entries(drivers).map(([name, drive]) => [name, () => drive(durationMs)]))
  const ms = await interleaved(tasks, quick ? 3 : 5)
  const perStep = (name: string): number => ((ms[name] as number) * 1e6) / (done[name] as Done).steps
  const own = perStep('kernel, built-in style')
  const times = (name: string): number => perStep(name) / own
  const rows = Object.keys(drivers).map((name) => [
    name,
    `${done[name]?.steps}`,
    `${done[name]?.grants}`,
    perStep(name).toFixed(0),
    times(name).toFixed(2),
  ])
  return [
    ...table(['64 contenders on 8 leases', 'steps', 'grants', 'ns/step', 'times the kernel'], rows),
    atLeast("fast-check's scheduler", times('fast-check scheduler'), 25),
    atLeast("fake-timers' tickAsync", times('fake-timers tickAsync'), 12),
    atLeast("fake-timers' tick", times('fake-timers tick'), 4),
    target(
      'the convenient style, times the built-in one',
      times('kernel, convenient style'),
      2,
      times('kernel, convenient style') <= 2,
    ),
  ]
}

async function atOtherSizes(): Promise<readonly string[]> {
  const byNodes: Size[] = []
  for (const nodes of [10, 1_000, 100_000]) byNodes.push(await measureSize(nodes, quick ? 300_000 : 2_000_000))
  const byEvents: Size[] = []
  for (const events of quick ? [1e5, 1e6] : [1e5, 1e6, 1e7]) byEvents.push(await measureSize(64, events))
  const rows = [...byNodes, ...byEvents].map(({ nodes, events, nsPerEvent, heapMiB }) => [
    `${nodes}`,
    `${events}`,
    nsPerEvent.toFixed(0),
    heapMiB.toFixed(1),
  ])
  const [first, last] = [byNodes[0] as Size, byNodes.at(-1) as Size]
  const [few, many] = [byEvents[0] as Size, byEvents.at(-1) as Size]
  const growth = last.nsPerEvent / first.nsPerEvent
  const logarithm = Math.log2(last.nodes) / Math.log2(first.nodes)
  return [
    ...table(['nodes', 'events', 'ns/event', 'heap MiB'], rows),
    target(
      `cost per event at ${last.nodes} nodes, times that at ${first.nodes}`,
      growth,
      Number(logarithm.toFixed(2)),
      growth <= logarithm,
    ),
    target(
      `heap at ${many.events} events, times that at ${few.events}`,
      many.heapMiB / few.heapMiB,
      1.1,
      many.heapMiB <= 1.1 * few.heapMiB,
    ),
  ]
}

function atLeast(who: string, times: number, bound: number): string {
  return target(`${who}, times the kernel's time per event`, times, bound, times >= bound)
}

function nanos(ms: number | undefined, steps: number): string {
  return (((ms ?? 0) * 1e6) / steps).toFixed(0)
}

/** A ratio of times means nothing where the work was not the same. */
function same(what: string, one: number | undefined, other: number | undefined): void {
  if (one === other) return
  console.error(`${what}: ${one} and ${other}: the work is not the same`)
  process.exit(1)
}
