import { jobLifecycle, leaseLifecycle } from '../../scenarios/index.js'
import { exploreChunk, type Failure, shrink } from '../../src/explore/index.js'
import type { Scenario } from '../../src/scenario/index.js'
import type { Subject } from '../../src/subject/index.js'
import { mutants } from './corpus.js'

/**
 * What it takes to find each mutant of the corpus: how many seeds (median and most, of 20 starting seeds), how long, by which
 * invariant, and what is left of the failure. Prints the rows of the table in the README. `npm run corpus`.
 */
const STARTS = 20
const MOST_SEEDS = 1_000
/** What every mutant has to keep to, and what those have to that somebody has had. */
const limits = { ms: 10_000 }
const knownLimits = { medianSeeds: 100, faults: 5, nodes: 3 }
const broken: string[] = []
const scenarios: readonly Scenario[] = [leaseLifecycle, jobLifecycle]

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0

async function find(subject: Subject, from: number): Promise<{ seeds: number; failure: Failure | undefined }> {
  const result = await exploreChunk(
    scenarios,
    { from, seeds: MOST_SEEDS, maxFailures: 1 },
    { subject, maxEvents: 200_000 },
  )
  return { seeds: result.seeds, failure: result.failures[0] }
}

console.log('| mutant | seeds, median (most) | ms, median | invariant | shrunk to at most |')
console.log('| --- | --- | --- | --- | --- |')
for (const [id, subject] of mutants) {
  const seeds: number[] = []
  const tookMs: number[] = []
  const invariants = new Map<string, number>()
  let faults = 0
  let nodes = 0
  for (let start = 0; start < STARTS; start++) {
    const startedMs = performance.now()
    const found = await find(subject, 1 + start * 10_000)
    tookMs.push(performance.now() - startedMs)
    const { failure } = found
    if (failure?.kind !== 'breach') {
      broken.push(`${id} was not found within ${MOST_SEEDS} seeds from ${1 + start * 10_000} on`)
      continue
    }
    seeds.push(found.seeds)
    invariants.set(failure.breach.invariant, (invariants.get(failure.breach.invariant) ?? 0) + 1)
    const scenario = scenarios.find(({ name }) => name === failure.scenario) as Scenario
    const { plan } = (await shrink(scenario, failure, { subject, maxEvents: 200_000 })).failure
    faults = Math.max(faults, plan.faults.length)
    nodes = Math.max(nodes, plan.parameters['nodes'] ?? 0)
  }
  const by = [...invariants].sort(([, one], [, other]) => other - one).map(([name]) => name)
  const row = [
    subject.name,
    `${median(seeds)} (${Math.max(...seeds)})`,
    `${Math.round(median(tookMs))}`,
    by.join(', '),
    `${faults} faults, ${nodes} nodes`,
  ]
  console.log(`| ${row.join(' | ')} |`)
  const figures = { medianSeeds: median(seeds), ms: Math.max(...tookMs), faults, nodes }
  for (const [name, limit] of Object.entries({ ...limits, ...(id.startsWith('p') ? knownLimits : {}) })) {
    const figure = figures[name as keyof typeof figures]
    if (figure > limit) broken.push(`${id}: ${name} is ${Math.round(figure)}, above ${limit}`)
  }
}
for (const each of broken) console.log(`FAIL  ${each}`)
if (broken.length === 0) console.log('PASS  every mutant is found and shrunk within its limits')
process.exitCode = broken.length === 0 ? 0 : 1
