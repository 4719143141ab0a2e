import { describe, expect, it } from 'vitest'
import { explorationScenarios, leaseLifecycle } from '../../scenarios/index.js'
import { attempt, drawSwarm, exploreChunk, type Failure } from '../../src/explore/index.js'
import type { Fault } from '../../src/kernel/index.js'
import { defineSubject, type Subject, type SubjectContext } from '../../src/subject/index.js'
import type { TraceEvent } from '../../src/trace/index.js'
import onNodes from '../corpus/n10-a-library-on-each-node.js'
import lockInMemory from '../corpus/x24-lock-in-the-memory-of-a-node.js'
import { locksInTwoSteps } from '../support/broken-subjects.js'

const maxEvents = 200_000

/** What happens to `subject` on the nodes of the seed, with these faults and no others. */
async function eventsOf(subject: Subject, seed: number, faults: readonly Fault[]): Promise<readonly TraceEvent[]> {
  const events: TraceEvent[] = []
  const plan = { ...drawSwarm(leaseLifecycle, seed), faults, aimed: 0 }
  const listeners = [{ observe: (event: TraceEvent) => void events.push({ ...event }) }]
  const attempted = await attempt(leaseLifecycle, plan, { subject, maxEvents }, { listeners })
  expect(attempted.kind).toBe('ended')
  return events
}

/** The built-in core in one step, on nodes; told of each context that it is made with, and of each acquire. */
function watched(told: {
  made?: (context: SubjectContext) => void
  asked?: (context: SubjectContext, nowMs: number) => void
}): Subject {
  return defineSubject({
    name: 'watched',
    runsOn: 'nodes',
    core(context) {
      told.made?.(context)
      return {
        ...context.builtIn.core,
        acquire(command, nowMs) {
          told.asked?.(context, nowMs)
          return context.step((atMs) => context.builtIn.core.acquire(command, atMs))
        },
      }
    },
  })
}

async function firstFailure(subject: Subject, from = 0): Promise<Failure> {
  const seeds = { from, seeds: 1_000, maxFailures: 1 }
  const { failures } = await exploreChunk(explorationScenarios, seeds, { subject, maxEvents })
  expect(failures).toHaveLength(1)
  return failures[0] as Failure
}

describe('a subject that runs on nodes', () => {
  it('is made once for each node, and anew after each of its crashes', async () => {
    const made: string[] = []
    const crash: Fault = { kind: 'crash', node: 1, atMs: 500, restartAfterMs: 20 }
    const events = await eventsOf(watched({ made: ({ node }) => made.push(node.name) }), 1, [crash])
    const nodes = new Set(events.flatMap(({ kind, node }) => (kind === 'sent' ? [`node-${node}`] : [])))
    expect(nodes.size).toBeGreaterThan(1)
    expect([...made].sort()).toEqual([...nodes, 'node-1'].sort())
  })

  it('is not made anew when the store stops for a while', async () => {
    const made: string[] = []
    const stop: Fault = { kind: 'store-restart', atMs: 500, durationMs: 20, unsynced: 'lost' }
    await eventsOf(watched({ made: ({ node }) => made.push(node.name) }), 1, [stop])
    expect(new Set(made).size).toBe(made.length)
  })

  it('sends no message, and takes no step while its node is paused', async () => {
    const pause: Fault = { kind: 'pause', node: 1, atMs: 500, durationMs: 300 }
    const events = await eventsOf(watched({}), 1, [pause])
    const core = events.filter(({ command }) => command === 'acquire')
    expect(core.filter(({ kind }) => /lost|duplicated/.test(kind))).toEqual([])
    const steps = events.filter(({ kind, node }) => kind === 'stepped' && node === 1).map(({ atMs }) => atMs)
    expect(steps.filter((atMs) => 500 < atMs && atMs < 800)).toEqual([])
    expect(steps.some((atMs) => atMs >= 800)).toBe(true)
  })

  it('sees the clocks of its node, which are not that of the store', async () => {
    const ahead: number[] = []
    const jump: Fault = { kind: 'skew', node: 1, atMs: 500, byMs: 1_234 }
    await eventsOf(
      watched({
        asked: ({ node }, nowMs) => {
          if (node.name !== 'node-1' || nowMs <= 500) return
          ahead.push(node.clockMs() - node.monotonicMs())
          expect(node.monotonicMs()).toBe(nowMs)
        },
      }),
      1,
      [jump],
    )
    const [first = 0] = ahead
    expect(ahead.length).toBeGreaterThan(1)
    expect(first).toBeGreaterThanOrEqual(1_234 - 5_000)
    expect(new Set(ahead).size).toBe(1)
  })

  it('has the same trace twice', async () => {
    for (const seed of [1, 2, 3]) {
      const { faults } = drawSwarm(leaseLifecycle, seed)
      expect(await eventsOf(onNodes, seed, faults)).toEqual(await eventsOf(onNodes, seed, faults))
    }
  })

  it('is cut off between two steps by a crash, which leaves undone what was to come', async () => {
    const failure = await firstFailure(locksInTwoSteps)
    expect(failure).toMatchObject({ kind: 'breach', breach: { invariant: 'takeover-bound' } })
    const events = await eventsOf(locksInTwoSteps, failure.plan.seed, failure.plan.faults)
    const halfDone = events.filter(({ kind, seq }) => (kind === 'reply-lost' || kind === 'threw') && seq === 1)
    expect(halfDone.length).toBeGreaterThan(0)
    for (const { index, node, request, kind } of halfDone) {
      expect(
        events
          .slice(index + 1)
          .some((event) => event.kind === 'stepped' && event.node === node && event.request === request),
      ).toBe(false)
      if (kind === 'reply-lost')
        expect(events.slice(0, index).findLast(({ command }) => command === 'none')).toMatchObject({
          kind: 'crashed',
          node,
        })
    }
  })

  it('is right as one service with a lock in its memory', async () => {
    const { runsOn, ...service } = lockInMemory
    const seeds = { from: 0, seeds: 100, maxFailures: 1 }
    expect(runsOn).toBe('nodes')
    expect((await exploreChunk(explorationScenarios, seeds, { subject: service, maxEvents })).failures).toEqual([])
  })
})
