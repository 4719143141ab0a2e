import type { Chunk, ChunkResult } from './chunk.js'
import { addCoverage, emptyCoverage } from './coverage.js'

/** What to explore: seeds from `fromSeed` on, so many of them or until `goOn` says no. */
export interface Extent {
  readonly fromSeed: number
  /** How many seeds; Infinity when time decides. */
  readonly seeds: number
  readonly maxFailures: number
  /** How many chunks may be under way at once. */
  readonly atOnce: number
  /** Asked before each chunk. A chunk may end early as well, once it says no. */
  readonly goOn?: () => boolean
  /** Told of what is known so far, after each chunk. */
  readonly onProgress?: (soFar: Exploration) => void
}

/** What became of an exploration: its chunks, added up. */
export interface Exploration extends ChunkResult {
  readonly fromSeed: number
}

/** Few enough that a failure is known soon, enough that handing them out costs nothing. */
const SEEDS_PER_CHUNK = 50

/**
 * Explores chunk by chunk. The result is that of one seed after another, whatever runs at once: chunks are added up in
 * their order, and what lies behind the last failure that counts is forgotten.
 */
export async function explore(run: (chunk: Chunk) => Promise<ChunkResult>, extent: Extent): Promise<Exploration> {
  const { fromSeed, seeds, maxFailures, atOnce, goOn = () => true, onProgress } = extent
  let total: Exploration = {
    fromSeed,
    seeds: 0,
    events: 0,
    steps: 0,
    coverage: emptyCoverage(),
    failures: [],
    awaited: false,
  }
  const pending: { chunk: Chunk; result: Promise<ChunkResult> }[] = []
  let next = fromSeed
  const hasMore = () => next < fromSeed + seeds && goOn()
  const start = () => {
    const size = Math.min(SEEDS_PER_CHUNK, fromSeed + seeds - next)
    const chunk = { from: next, seeds: size, maxFailures, beginsTwice: next === fromSeed }
    next += chunk.seeds
    const result = run(chunk)
    // A chunk that fails while an earlier one is awaited is heard of when its turn comes.
    result.catch(() => undefined)
    pending.push({ chunk, result })
  }
  while (pending.length < atOnce && hasMore()) start()
  let cut = false
  for (let head = pending.shift(); head !== undefined; head = pending.shift()) {
    const whole = await head.result
    const left = maxFailures - total.failures.length
    // With fewer failures left to find, one seed after another would have stopped within this chunk.
    const asAlone = left === maxFailures || whole.failures.length < left || cut || !goOn()
    const result: ChunkResult = asAlone ? whole : await run({ ...head.chunk, maxFailures: left })
    // Behind a chunk that ended early not all seeds have been explored: only what was found there counts.
    total = cut ? { ...total, failures: [...total.failures, ...result.failures] } : added(total, result)
    cut ||= result.seeds < head.chunk.seeds && result.failures.length < maxFailures
    onProgress?.(total)
    if (total.failures.length >= maxFailures) break
    while (pending.length < atOnce && hasMore()) start()
  }
  return total
}

function added(total: Exploration, { seeds, events, steps, coverage, failures, awaited }: ChunkResult): Exploration {
  addCoverage(total.coverage, coverage)
  return {
    fromSeed: total.fromSeed,
    seeds: total.seeds + seeds,
    events: total.events + events,
    steps: total.steps + steps,
    coverage: total.coverage,
    failures: [...total.failures, ...failures],
    awaited: total.awaited || awaited,
  }
}
