import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { metricsFold } from '../../src/metrics/fold.js'
import { type Metrics, percentile } from '../../src/metrics/index.js'
import { Tally } from '../../src/metrics/percentile.js'
import { castOf, NOBODY, observe, type TraceEvent } from '../../src/trace/index.js'

const blank: TraceEvent = {
  index: 0,
  atMs: 0,
  sinceMs: 0,
  kind: 'sent',
  command: 'none',
  node: 0,
  task: 0,
  space: 0,
  request: 0,
  attempt: 0,
  repeated: false,
  epoch: 0,
  seq: 0,
  untilMs: 0,
  peer: NOBODY,
  token: 0,
  content: 0,
}

/** The metrics of a trace, written down by hand. */
function metricsOf(events: readonly Partial<TraceEvent>[]): Metrics {
  const fold = observe(metricsFold(castOf(['a', 'b', 'c'], ['s', 't'])))
  for (const [index, event] of events.entries()) {
    const whole = { ...blank, ...event, index }
    if (fold.kinds?.includes(whole.kind)) fold.observe(whole)
  }
  return fold.end(1_000)
}

const asks = (node: number, atMs: number, more: Partial<TraceEvent> = {}): Partial<TraceEvent> => ({
  kind: 'sent',
  command: 'acquire',
  node,
  atMs,
  ...more,
})
const granted = (node: number, atMs: number, epoch: number, more: Partial<TraceEvent> = {}): Partial<TraceEvent> => ({
  kind: 'granted',
  command: 'acquire',
  node,
  atMs,
  epoch,
  ...more,
})
const has = (node: number, atMs: number, epoch = 0, more: Partial<TraceEvent> = {}): Partial<TraceEvent> => ({
  kind: 'delivered',
  command: 'acquire',
  node,
  atMs,
  epoch,
  ...more,
})

describe('the metrics', () => {
  it('ownershipConflicts: acquires and claims refused because another node’s lease is live', () => {
    expect(
      metricsOf([
        { kind: 'lease-held', command: 'acquire' },
        { kind: 'split-brain', command: 'claim' },
        { kind: 'split-brain', command: 'append' },
        { kind: 'queued', command: 'acquire' },
        { kind: 'lease-held', command: 'renew' },
        { kind: 'lease-held', command: 'take' },
        { kind: 'lease-held', command: 'acquire', node: 1, task: 1, peer: 1 },
        { kind: 'split-brain', command: 'claim', node: 1, task: 1, peer: 1 },
      ]).ownershipConflicts,
    ).toBe(2)
  })

  it('splitBrainRejections, staleOwnerRejections, invalidTokenRejections: refusals of their kind', () => {
    expect(
      metricsOf([
        { kind: 'split-brain', command: 'append' },
        { kind: 'split-brain', command: 'validate' },
        { kind: 'split-brain', command: 'claim', node: 1, task: 1, peer: 1 },
        { kind: 'stale-owner' },
        { kind: 'stale-owner' },
        { kind: 'invalid-token' },
      ]),
    ).toMatchObject({ splitBrainRejections: 1, staleOwnerRejections: 2, invalidTokenRejections: 1 })
  })

  it('takeoverSuccesses: grants to a node other than the previous owner, each once', () => {
    const events = [
      granted(0, 0, 1),
      granted(0, 10, 2),
      granted(1, 20, 3),
      granted(1, 25, 3, { repeated: true }),
      granted(0, 30, 4),
      granted(2, 40, 1, { space: 1 }),
    ]
    expect(metricsOf(events).takeoverSuccesses).toBe(2)
  })

  it('leaseWindowP95Ms: of a wait that has not ended, as long as it is known to have lasted', () => {
    const refused = [asks(0, 100), has(0, 110)]
    expect(metricsOf(refused).leaseWindowP95Ms).toBe(0)
    expect(metricsOf([...refused, asks(0, 400, { attempt: 1 }), has(0, 410)]).leaseWindowP95Ms).toBe(300)
    expect(metricsOf([...refused, asks(0, 400, { attempt: 1 })]).leaseWindowP95Ms).toBe(900)
    expect(metricsOf([...refused, asks(0, 400, { attempt: 1 }), { kind: 'crashed' }]).leaseWindowP95Ms).toBe(0)
  })

  it('leaseWindowP95Ms: from the first request until the grant has reached the node, over refusals and timeouts', () => {
    expect(
      metricsOf([
        asks(0, 10),
        has(0, 20),
        asks(0, 50, { attempt: 1 }),
        { kind: 'timed-out', command: 'acquire', node: 0, atMs: 90 },
        asks(0, 90, { attempt: 2 }),
        has(0, 110, 1),
      ]).leaseWindowP95Ms,
    ).toBe(100)
    expect(
      metricsOf([
        asks(0, 10),
        has(0, 20),
        { kind: 'sent', command: 'append', node: 0, atMs: 30 },
        asks(0, 50),
        has(0, 110, 1),
      ]).leaseWindowP95Ms,
    ).toBe(60)
    expect(
      metricsOf([
        asks(0, 10),
        has(0, 20),
        { kind: 'sent', command: 'load', node: 0, atMs: 30 },
        asks(0, 50, { attempt: 1 }),
        has(0, 110, 1),
      ]).leaseWindowP95Ms,
    ).toBe(100)
    expect(
      metricsOf([asks(0, 10), { kind: 'crashed', node: 0, atMs: 15 }, asks(0, 40), has(0, 110, 1)]).leaseWindowP95Ms,
    ).toBe(70)
    expect(
      metricsOf([
        { kind: 'sent', command: 'renew', atMs: 10 },
        { kind: 'delivered', command: 'renew', atMs: 17, epoch: 1 },
      ]).leaseWindowP95Ms,
    ).toBe(7)
    expect(
      metricsOf([
        { kind: 'sent', command: 'renew', atMs: 10 },
        { kind: 'delivered', command: 'renew', atMs: 17 },
        asks(0, 20),
        has(0, 25, 1),
      ]).leaseWindowP95Ms,
    ).toBe(5)
  })

  it('leaseQueuePeak: most lease requests outstanding at one moment', () => {
    expect(
      metricsOf([asks(0, 0), asks(1, 1), has(0, 2), asks(2, 3), { kind: 'sent', command: 'append', node: 0, atMs: 4 }])
        .leaseQueuePeak,
    ).toBe(2)
    expect(
      metricsOf([
        asks(0, 0),
        { kind: 'crashed', node: 0, atMs: 1 },
        asks(1, 2),
        { kind: 'timed-out', command: 'acquire', node: 1, atMs: 3 },
        asks(1, 4, { attempt: 1 }),
      ]).leaseQueuePeak,
    ).toBe(1)
  })

  it('count a refusal once, however often its command comes again', () => {
    const refused = (kind: TraceEvent['kind'], command: TraceEvent['command'], repeated: boolean) =>
      ({ kind, command, node: 1, atMs: 5, repeated }) as const
    const all = [
      ['lease-held', 'acquire'],
      ['split-brain', 'claim'],
      ['stale-owner', 'append'],
      ['invalid-token', 'append'],
    ] as const
    const once = all.map(([kind, command]) => refused(kind, command, false))
    const again = all.map(([kind, command]) => refused(kind, command, true))
    expect(metricsOf([...once, ...again])).toEqual(metricsOf(once))
    expect(metricsOf(once)).toMatchObject({
      ownershipConflicts: 2,
      splitBrainRejections: 1,
      staleOwnerRejections: 1,
      invalidTokenRejections: 1,
    })
  })

  it('takeoverQueuePeak: most nodes waiting at one moment for a space that another was the last to own', () => {
    expect(
      metricsOf([
        asks(0, 0),
        granted(0, 1, 1),
        has(0, 2, 1),
        asks(1, 3),
        has(1, 4),
        asks(2, 5),
        has(2, 6),
        asks(2, 7, { attempt: 1 }),
      ]).takeoverQueuePeak,
    ).toBe(2)
    expect(
      metricsOf([
        granted(0, 1, 1),
        asks(1, 3),
        has(1, 4),
        { kind: 'crashed', node: 1, atMs: 5 },
        asks(2, 6),
        asks(0, 7),
      ]).takeoverQueuePeak,
    ).toBe(1)
    expect(metricsOf([asks(0, 0), asks(1, 1), asks(2, 2)]).takeoverQueuePeak).toBe(0)
  })

  it('takeoverQueuePeak counts a node once, however many of its tasks wait', () => {
    const both = [granted(0, 1, 1), asks(1, 2), asks(1, 3, { task: 1 })]
    expect(metricsOf(both).takeoverQueuePeak).toBe(1)
    expect(metricsOf([...both, has(1, 4, 2), asks(2, 5)]).takeoverQueuePeak).toBe(2)
    expect(metricsOf([...both, has(1, 4, 2), has(1, 4, 3, { task: 1 }), asks(2, 5)]).takeoverQueuePeak).toBe(1)
    expect(metricsOf([...both, { kind: 'crashed', node: 1, atMs: 4 }, asks(2, 5)]).takeoverQueuePeak).toBe(1)
    expect(metricsOf([granted(0, 1, 1), asks(1, 2), asks(1, 3, { task: 1, space: 1 })]).takeoverQueuePeak).toBe(1)
  })

  it('takeoverQueuePeak counts who had asked before another was granted the space', () => {
    const all = [asks(0, 0), asks(1, 1), asks(2, 2)]
    expect(metricsOf([...all, granted(0, 3, 1)]).takeoverQueuePeak).toBe(2)
    expect(metricsOf([...all, granted(0, 3, 1), has(0, 4, 1), granted(1, 5, 2)]).takeoverQueuePeak).toBe(2)
    expect(metricsOf([...all.slice(0, 2), granted(0, 3, 1), granted(1, 4, 2)]).takeoverQueuePeak).toBe(1)
  })

  it('takeoverQueuePeak counts no node that owns the space, whatever else its tasks have asked', () => {
    const served = [granted(0, 1, 1), asks(1, 2, { task: 1 }), asks(1, 3), granted(1, 4, 2), has(1, 5, 2)]
    expect(metricsOf([...served, asks(2, 6)]).takeoverQueuePeak).toBe(1)
    const again = [granted(2, 7, 3), asks(1, 8, { task: 1, attempt: 1 }), asks(0, 9)]
    expect(metricsOf([...served, ...again]).takeoverQueuePeak).toBe(2)
    // Its grant came late: by then another had taken the space over.
    const late = [granted(0, 1, 1), asks(1, 2, { task: 1 }), asks(1, 3), granted(1, 4, 2), granted(2, 5, 3)]
    expect(metricsOf([...late, has(1, 6, 2), asks(0, 7)]).takeoverQueuePeak).toBe(2)
  })

  it('retryAttempts: requests sent again after a refusal or a timeout', () => {
    expect(
      metricsOf([asks(0, 0), asks(0, 10, { attempt: 1 }), { kind: 'sent', command: 'append', attempt: 2, atMs: 20 }])
        .retryAttempts,
    ).toBe(2)
  })

  it('checkpointWindowEvents: most events appended to one log since its last checkpoint', () => {
    const append = (seq: number, space = 0): Partial<TraceEvent> => ({
      kind: 'appended',
      command: 'append',
      seq,
      space,
    })
    expect(
      metricsOf([
        append(0),
        append(1),
        append(2),
        { kind: 'checkpointed', seq: 3 },
        append(3),
        { kind: 'checkpointed', seq: 1 },
        append(4),
        append(0, 1),
        append(1, 1),
      ]).checkpointWindowEvents,
    ).toBe(3)
  })

  it('replayWindowMs: longest time from a grant until its node served', () => {
    const served = (node: number, atMs: number, epoch: number, space = 0): Partial<TraceEvent> => ({
      kind: 'served',
      node,
      atMs,
      epoch,
      space,
    })
    expect(
      metricsOf([
        granted(0, 10, 1),
        served(0, 40, 1),
        granted(1, 100, 2),
        served(1, 175, 2),
        granted(2, 180, 1, { space: 1 }),
        served(2, 190, 1, 1),
        // It says again that it serves.
        served(1, 900, 2),
        // Its lease had been taken over long ago: it serves nobody.
        served(0, 990, 1),
      ]).replayWindowMs,
    ).toBe(75)
    // Another succeeded it before it served.
    const passed = [granted(0, 10, 1), granted(1, 100, 2), granted(2, 110, 3), served(1, 300, 2)]
    expect(metricsOf(passed).replayWindowMs).toBe(0)
    expect(metricsOf([...passed, served(2, 320, 3)]).replayWindowMs).toBe(210)
    // Who is the first to own a space succeeds nobody; who owns it once more succeeds itself.
    expect(metricsOf([granted(0, 10, 1), served(0, 40, 1)]).replayWindowMs).toBe(0)
    expect(metricsOf([granted(0, 10, 1), granted(0, 20, 2), served(0, 40, 2)]).replayWindowMs).toBe(20)
  })
})

describe('percentiles', () => {
  const sample = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 5_000 }) }, fc.maxSafeNat())
  const samples = fc.array(sample, { minLength: 1, maxLength: 200 })
  const nearestRank = (values: readonly number[], percent: number) =>
    [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil((values.length * percent) / 100)) - 1]

  it('are by nearest rank, and so always one of the samples', () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 100 }), (values, percent) => {
        const tally = new Tally()
        for (const value of values) tally.add(value)
        expect(tally.percentile(percent)).toBe(nearestRank(values, percent))
        expect(percentile(values, percent)).toBe(nearestRank(values, percent))
        expect(values).toContain(tally.percentile(95))
      }),
    )
  })

  it('are 0 of nothing', () => {
    expect(new Tally().percentile(95)).toBe(0)
    expect(percentile([], 50)).toBe(0)
  })
})
