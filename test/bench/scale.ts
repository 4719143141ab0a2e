import { simulate } from '../../src/scenario/index.js'
import { builtInStyle } from './drivers.js'

/** What one size of run cost. */
export interface Size {
  readonly nodes: number
  readonly events: number
  readonly nsPerEvent: number
  /** Heap in use at the end of the run, while all of it is still alive. */
  readonly heapMiB: number
}

/** Runs `nodes` contenders, eight to a space, for about `events` events of the trace. */
export async function measureSize(nodes: number, events: number): Promise<Size> {
  const spaces = Math.max(1, nodes >> 3)
  const rate = await eventsPerMs(nodes, spaces)
  const parameters = { nodes, spaces, durationMs: Math.max(1, Math.round(events / rate)) }
  const startedMs = performance.now()
  const run = await simulate(builtInStyle, { seed: 1, parameters, maxEvents: Number.MAX_SAFE_INTEGER })
  const tookMs = performance.now() - startedMs
  let heapBytes = 0
  await simulate(builtInStyle, {
    seed: 1,
    parameters,
    maxEvents: Number.MAX_SAFE_INTEGER,
    listeners: [
      {
        observe({ index }) {
          if (index !== run.events - 1) return
          globalThis.gc?.()
          heapBytes = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
        },
      },
    ],
  })
  return { nodes, events: run.events, nsPerEvent: (tookMs * 1e6) / run.events, heapMiB: heapBytes / 2 ** 20 }
}

/** From the second virtual second on, when every node has begun. */
async function eventsPerMs(nodes: number, spaces: number): Promise<number> {
  const durationMs = 500
  const run = await simulate(builtInStyle, {
    seed: 1,
    parameters: { nodes, spaces, durationMs },
    maxEvents: Number.MAX_SAFE_INTEGER,
  })
  return run.events / durationMs
}
