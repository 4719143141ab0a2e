import { describe, expect, it } from 'vitest'
import type { Fault, Leg, Network } from '../../src/kernel/index.js'
import { asksForEver, asksOnce, steady, TestWorld } from '../support/kernel-world.js'

/** What happens to one request that sets out at `sendMs`: on a steady network its reply sets out 5 ms later. */
function lifeOf(
  sendMs: number,
  faults: readonly Fault[],
  network: Network = steady,
  timeoutMs = 50,
): readonly string[] {
  const world = new TestWorld({ network, faults })
  world.node('a', asksOnce('x', { afterMs: sendMs, timeoutMs }))
  return world.run(1_000).filter((line) => !line.includes('until'))
}

const during = (kind: 'drop' | 'duplicate', leg: Leg): Fault => ({ kind, leg, node: 0, atMs: 20, durationMs: 10 })
const slower = (leg: Leg): Fault => ({ kind: 'delay', leg, node: 0, atMs: 20, durationMs: 10, delayMs: 30 })
const cut: Fault = { kind: 'partition', nodes: [0], atMs: 20, durationMs: 10 }

describe('the network', () => {
  it('after a lost request the step has not happened, after a lost reply it has: the caller cannot tell', () => {
    expect(lifeOf(20, [during('drop', 'request')])).toEqual(['20 a sends x', '20 a loses request x', '70 a gives up x'])
    expect(lifeOf(20, [during('drop', 'reply')])).toEqual([
      '20 a sends x',
      '25 a step x',
      '25 a loses reply x',
      '70 a gives up x',
    ])
  })

  it('a slow request is late at the subject, a slow reply only at the caller', () => {
    expect(lifeOf(20, [slower('request')])).toEqual(['20 a sends x', '55 a step x', '60 a has x'])
    expect(lifeOf(20, [slower('reply')])).toEqual(['20 a sends x', '25 a step x', '60 a has x'])
  })

  it('a request too slow for its caller takes effect after it was given up, a reply too slow has done so before', () => {
    expect(lifeOf(20, [slower('request')], steady, 30)).toEqual(['20 a sends x', '50 a gives up x', '55 a step x'])
    expect(lifeOf(20, [slower('reply')], steady, 30)).toEqual(['20 a sends x', '25 a step x', '50 a gives up x'])
  })

  it('of several windows that delay it, the longest counts: nothing is slower than it was planned to be', () => {
    const slowest: Fault = { kind: 'delay', leg: 'request', node: 0, atMs: 20, durationMs: 10, delayMs: 45 }
    expect(lifeOf(20, [slower('request'), slowest, slower('request')], steady, 100).at(-1)).toBe('75 a has x')
  })

  it('takes as long as its ranges say, both ends included', () => {
    const world = new TestWorld({ network: { requestDelayMs: [3, 5], replyDelayMs: [7, 8] }, maxEvents: 100_000 })
    world.node('a', asksForEver())
    const seen = { request: new Set<number>(), reply: new Set<number>() }
    let lastMs = 0
    for (const line of world.run(5_000)) {
      const atMs = Number.parseInt(line, 10)
      if (line.includes('step')) seen.request.add(atMs - lastMs)
      if (line.includes('has')) seen.reply.add(atMs - lastMs)
      lastMs = atMs
    }
    expect([...seen.request].sort()).toEqual([3, 4, 5])
    expect([...seen.reply].sort()).toEqual([7, 8])
  })

  it.each<[Leg, Network]>([
    ['request', { ...steady, requestLossPerMille: 1_000 }],
    ['reply', { ...steady, replyLossPerMille: 1_000 }],
  ])('at a loss of 1000 per mille no %s arrives, at 0 every one does', (leg, lossy) => {
    const linesOn = (network: Network) => {
      const world = new TestWorld({ network })
      world.node('a', asksForEver())
      return world.run(2_000)
    }
    const count = (lines: readonly string[], words: string) => lines.filter((line) => line.includes(words)).length
    const lost = linesOn(lossy)
    expect(count(lost, `loses ${leg}`)).toBeGreaterThan(20)
    expect(count(lost, 'has')).toBe(0)
    expect(count(lost, 'step') > 0).toBe(leg === 'reply')
    const whole = linesOn({ ...steady, requestLossPerMille: 0, replyLossPerMille: 0 })
    expect(count(whole, 'has')).toBeGreaterThan(50)
    expect(count(whole, 'loses') + count(whole, 'gives up')).toBe(0)
  })

  /** By fault: which message it strikes, and the line that shows it. */
  const windows: readonly [string, Fault, Leg, trace: string][] = [
    ['a drop of requests', during('drop', 'request'), 'request', 'loses request'],
    ['a drop of replies', during('drop', 'reply'), 'reply', 'loses reply'],
    ['a doubling of requests', during('duplicate', 'request'), 'request', 'doubles request'],
    ['a doubling of replies', during('duplicate', 'reply'), 'reply', 'doubles reply'],
    ['a partition, on requests,', cut, 'request', 'loses request'],
    ['a partition, on replies,', cut, 'reply', 'loses reply'],
  ]

  it.each(windows)(
    '%s strikes what sets out from its first millisecond on and before its end',
    (_name, fault, leg, trace) => {
      // Slow enough that of a reply which sets out in the window, the request did so before it.
      const network: Network = { requestDelayMs: [15, 15], replyDelayMs: [5, 5] }
      const struck = (leavesMs: number) =>
        lifeOf(leg === 'request' ? leavesMs : leavesMs - 15, [fault], network).some((line) => line.includes(trace))
      expect([19, 20, 25, 29, 30].map(struck)).toEqual([false, true, true, true, false])
    },
  )

  it.each<[Leg, number]>([
    ['request', 0],
    ['reply', 5],
  ])('a delay of a %s strikes what sets out from its first millisecond on and before its end', (leg, offsetMs) => {
    const tookMs = (leavesMs: number) => {
      const sentMs = leavesMs - offsetMs
      return Number.parseInt(lifeOf(sentMs, [slower(leg)]).at(-1) ?? '', 10) - sentMs
    }
    expect([19, 20, 29, 30].map(tookMs)).toEqual([10, 40, 40, 10])
  })

  it('a partition cuts off the nodes it names, and no others', () => {
    const world = new TestWorld({ faults: [{ kind: 'partition', nodes: [0, 2], atMs: 5, durationMs: 20 }] })
    for (const name of ['a', 'b', 'c']) world.node(name, asksOnce('x', { afterMs: 10 }))
    expect(world.run(1_000).filter((line) => /has|gives up/.test(line))).toEqual([
      '20 b has x',
      '60 a gives up x',
      '60 c gives up x',
    ])
  })

  it('of two partitions the later end counts', () => {
    const longer: Fault = { ...cut, durationMs: 40 }
    for (const faults of [
      [cut, longer],
      [longer, cut],
    ]) {
      expect(lifeOf(59, faults)).toContain('59 a loses request x')
      expect(lifeOf(60, faults)).toContain('70 a has x')
    }
  })

  it('a doubled request is executed twice, and its caller goes on at the first reply', () => {
    expect(lifeOf(0, [], { ...steady, requestDuplicatePerMille: 1_000 })).toEqual([
      '0 a sends x',
      '0 a doubles request x',
      '5 a step x',
      '5 a step x',
      '10 a has x',
    ])
  })

  it('a doubled reply reaches its caller once', () => {
    expect(lifeOf(0, [], { ...steady, replyDuplicatePerMille: 1_000 })).toEqual([
      '0 a sends x',
      '5 a step x',
      '5 a doubles reply x',
      '10 a has x',
    ])
  })

  it('the second copy of a message may arrive first, and where the first was lost', () => {
    const network: Network = { ...steady, requestDelayMs: [1, 40], requestDuplicatePerMille: 1_000 }
    const gains = Array.from({ length: 40 }, (_, seed) => {
      const world = new TestWorld({ seed, network })
      world.node('a', asksOnce('x', { timeoutMs: 100 }))
      const [first = 0, second = 0] = world
        .run(200)
        .filter((line) => line.includes('step'))
        .map((line) => Number.parseInt(line, 10))
      expect(world.log).toContain(`${first + 5} a has x`)
      return second - first
    })
    expect(Math.max(...gains)).toBeGreaterThan(10)
    const lives = Array.from({ length: 40 }, (_, seed) => {
      const world = new TestWorld({
        seed,
        network: { ...steady, requestLossPerMille: 500, requestDuplicatePerMille: 1_000 },
      })
      world.node('a', asksOnce())
      return world.run(100).join(', ')
    })
    expect(lives).toContain('0 a sends x, 0 a loses request x, 0 a doubles request x, 5 a step x, 10 a has x')
    expect(lives).toContain('0 a sends x, 0 a loses request x, 50 a gives up x')
  })

  it('a copy is delayed and lost like any other message', () => {
    const doubling: Network = { ...steady, requestDuplicatePerMille: 1_000 }
    for (const fault of [cut, during('drop', 'request')]) {
      expect(lifeOf(20, [fault], doubling)).toEqual(['20 a sends x', '20 a loses request x', '70 a gives up x'])
    }
    expect(lifeOf(20, [slower('request')], doubling)).toEqual([
      '20 a sends x',
      '20 a doubles request x',
      '55 a step x',
      '55 a step x',
      '60 a has x',
    ])
  })

  it('a copy that comes at the very deadline is in time, as any reply is', () => {
    const copyAlone = Array.from({ length: 40 }, (_, seed) => {
      const world = new TestWorld({
        seed,
        network: { ...steady, replyLossPerMille: 500, replyDuplicatePerMille: 1_000 },
      })
      world.node('a', asksOnce('x', { timeoutMs: 10 }))
      return world.run(100).slice(2).join(', ')
    })
    expect(copyAlone).toContain('5 a loses reply x, 5 a doubles reply x, 10 a has x')
    const requestCopyAlone = Array.from({ length: 40 }, (_, seed) => {
      const world = new TestWorld({
        seed,
        network: { ...steady, requestLossPerMille: 500, requestDuplicatePerMille: 1_000 },
      })
      world.node('a', asksOnce('x', { timeoutMs: 10 }))
      return world.run(100).slice(1).join(', ')
    })
    expect(requestCopyAlone).toContain('0 a loses request x, 0 a doubles request x, 5 a step x, 10 a has x')
  })

  it('strikes one node and leaves the messages of the others as they were', () => {
    const linesOf = (faults: readonly Fault[]) => {
      const world = new TestWorld({ network: { requestDelayMs: [1, 30], replyDelayMs: [1, 30] }, faults })
      for (const name of ['a', 'b']) world.node(name, asksForEver())
      return world.run(1_000).filter((line) => line.split(' ')[1] === 'b')
    }
    expect(linesOf([slower('request'), during('drop', 'reply'), cut])).toEqual(linesOf([]))
  })
})
