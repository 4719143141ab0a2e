import { describe, expect, it } from 'vitest'
import { explorationScenarios } from '../../scenarios/index.js'
import {
  attempt,
  describeClocks,
  exploreChunk,
  type Failure,
  failureOf,
  type Plan,
  shrink,
  storyOf,
} from '../../src/explore/index.js'
import { type Check, type Invariant, mutualExclusion } from '../../src/invariants/index.js'
import type { Fault } from '../../src/kernel/index.js'
import type { Json } from '../../src/log/index.js'
import { type Body, type Contender, defineScenario, type Scenario, workload } from '../../src/scenario/index.js'
import { builtInSubject, defineSubject, type Subject } from '../../src/subject/index.js'
import { digestContent, type EventKind, hex } from '../../src/trace/index.js'
import waitsForItself from '../corpus/p14-orphan-waiter.js'
import retryWithoutCap from '../corpus/p16-retry-without-cap.js'
import tokenNotCompared from '../corpus/x01-token-not-compared.js'
import noMemory from '../corpus/x02-no-memory-of-requests.js'
import asksAgainBehind from '../corpus/x13-asking-again-goes-behind.js'

const maxEvents = 10_000

/** A scenario of two nodes whose rule breaks at the event for which `breaks` says so, or at the end of the run. */
function scenarioOf(
  node: (node: Contender) => Body,
  kinds: readonly EventKind[],
  breaks: Check['step'],
  more: Partial<Scenario> = {},
): Scenario {
  const rule: Invariant = {
    name: 'mine',
    rule: 'mine',
    kinds,
    begin: () => ({ step: breaks, end: () => 'at the end' }),
  }
  return {
    ...defineScenario({
      name: 'scripted',
      description: 'scripted',
      parameters: workload({ nodes: 2, spaces: 1, durationMs: 100 }),
      network: () => ({ requestDelayMs: [1, 1], replyDelayMs: [1, 1], timeoutMs: 10 }),
      node,
      invariants: () => [rule],
    }),
    ...more,
  }
}

/** A core that answers acquires with `answers`, one after the other, and then with the last of them. */
function answering(...answers: readonly ('lease-held' | number)[]): Subject {
  return defineSubject({
    name: 'scripted',
    core({ durable }) {
      const asked = durable('asked', () => ({ times: 0 }))
      return {
        acquire({ space, owner, ttlMs }, nowMs) {
          const answer = answers[Math.min(asked.times++, answers.length - 1)] ?? 'lease-held'
          if (answer === 'lease-held') return { kind: 'lease-held', owner: 'node-1', epoch: 1, expiresAtMs: 90 }
          return { kind: 'granted', fence: { space, owner, epoch: answer }, expiresAtMs: nowMs + ttlMs }
        },
      }
    },
  })
}

/** What is told of the run of `scenario` with these faults, without the tokens. */
async function told(
  scenario: Scenario,
  subject: Subject,
  faults: readonly Fault[] = [],
  spaces = 1,
): Promise<readonly string[]> {
  const parameters = { nodes: 2, spaces, durationMs: 100 }
  const plan: Plan = { scenario: scenario.name, seed: 1, strategy: 'insertion', parameters, faults }
  const failure = failureOf(await attempt(scenario, plan, { subject, maxEvents }), plan)
  if (failure === undefined) throw new Error('expected a failure')
  const { lines } = await storyOf(scenario, failure, { subject, maxEvents })
  return lines.map((line) => line.replace(/, token [0-9a-f]+/, '').trim())
}

const asksThrice = function* (node: Contender): Body {
  for (let times = 0; node.index === 0 && times < 3; times++) yield node.acquire('space-0', 20)
}
const at =
  (epoch: number): Check['step'] =>
  (event) =>
    event.epoch === epoch ? 'broken' : undefined

describe('a story', () => {
  it('tells every grant by itself: each is of another epoch', async () => {
    expect(await told(scenarioOf(asksThrice, ['granted'], at(3)), answering(1, 2, 3))).toEqual([
      '1 ms  node-0 ← granted: acquire of space-0 #1 (epoch 1, until 21 ms)',
      '3 ms  node-0 ← granted: acquire of space-0 #2 (epoch 2, until 23 ms)',
      '5 ms  node-0 ← granted: acquire of space-0 #3 (epoch 3, until 25 ms)',
    ])
  })

  it('tells what the request that broke the rule had been answered before', async () => {
    const doubled: Fault = { kind: 'duplicate', leg: 'request', node: 0, atMs: 0, durationMs: 1 }
    const scenario = scenarioOf(asksThrice, ['granted'], at(3))
    expect(await told(scenario, answering('lease-held', 3), [doubled])).toEqual([
      '0 ms  node-0 has its requests doubled (until 1 ms)',
      '0 ms  node-0 sends acquire of space-0 #1',
      '0 ms  node-0 sends twice acquire of space-0 #1',
      '1 ms  node-0 ← lease-held: acquire of space-0 #1 (node-1 holds epoch 1 until 90 ms)',
      '1 ms  node-0 ← granted: acquire of space-0 #1 (epoch 3, until 21 ms, asked before)',
    ])
  })

  it('tells who was refused while a lease was lost that nobody else has touched', async () => {
    const asks = function* (node: Contender): Body {
      yield node.sleep(2 * node.index + 1)
      yield node.acquire('space-0', 20)
      yield node.sleep(3)
      if (node.index === 1) yield node.acquire('space-0', 20)
    }
    // The refused request takes the lock away with what it takes back.
    const undoes = answering(1, 'lease-held', 2)
    const scenario = scenarioOf(asks, [], () => undefined, { invariants: () => [mutualExclusion] })
    expect(await told(scenario, undoes)).toEqual([
      '2 ms  node-0 ← granted: acquire of space-0 #1 (epoch 1, until 22 ms)',
      '4 ms  node-1 ← lease-held: acquire of space-0 #1 (node-1 holds epoch 1 until 90 ms)',
      '9 ms  node-1 ← granted: acquire of space-0 #2 (epoch 2, until 29 ms)',
    ])
  })

  it('tells that the request was given up, and sent again', async () => {
    const insists = function* (node: Contender): Body {
      if (node.index === 0) yield node.insist(node.acquire('space-0', 20))
    }
    const lost: Fault = { kind: 'drop', leg: 'request', node: 0, atMs: 0, durationMs: 15 }
    expect(await told(scenarioOf(insists, ['granted'], at(1)), answering(1), [lost])).toEqual([
      '0 ms  node-0 has its requests lost (until 15 ms)',
      '0 ms  node-0 sends acquire of space-0 #1',
      '0 ms  node-0 loses the request acquire of space-0 #1',
      '10 ms  node-0 gives up waiting for acquire of space-0 #1',
      '10 ms  node-0 sends acquire of space-0 #1 (attempt 2)',
      '10 ms  node-0 loses the request acquire of space-0 #1',
      '20 ms  node-0 gives up waiting for acquire of space-0 #1',
      '20 ms  node-0 sends acquire of space-0 #1 (attempt 3)',
      '21 ms  node-0 ← granted: acquire of space-0 #1 (epoch 1, until 41 ms)',
    ])
  })

  it.each([
    ['sent once', 15, 'sent at 2 ms'],
    ['sent again', 13, 'first sent at 2 ms'],
  ] as const)(
    'tells since when a request was on its way that was %s and comes when its node has given it up',
    async (how, atMs, since) => {
      const leaves = function* (node: Contender): Body {
        if (node.index > 0) return
        const outcome = yield node.acquire('space-0', 20)
        if (outcome.kind !== 'granted') return
        yield node.release(outcome.fence)
        if (how === 'sent again') yield node.resend()
        else yield node.sleep(10)
        yield node.acquire('space-0', 20)
      }
      const slow: Fault = { kind: 'delay', leg: 'request', node: 0, atMs: 2, durationMs: 1, delayMs: 12 }
      const lines = await told(scenarioOf(leaves, ['granted'], at(2)), builtInSubject, [slow])
      expect(lines.filter((line) => line.includes('released'))[0]).toBe(
        `${atMs} ms  node-0 ← released: release of space-0 #2 (epoch 1)  (${since})`,
      )
    },
  )

  it('tells of a rule that is broken at the end what was told to those who waited, in one line each', async () => {
    const waits = function* (node: Contender): Body {
      yield node.sleep(2 * node.index + 1)
      for (;;) {
        yield node.acquire('space-0', 20)
        yield node.sleep(9)
      }
    }
    expect(
      await told(
        scenarioOf(waits, [], () => undefined),
        answering(1, 2, 'lease-held'),
      ),
    ).toEqual([
      '2 ms  node-0 ← granted: acquire of space-0 #1 (epoch 1, until 22 ms)',
      '4 ms  node-1 ← granted: acquire of space-0 #1 (epoch 2, until 24 ms)',
      '90 ms  node-0 ← lease-held: acquire of space-0 #9 (node-1 holds epoch 1 until 90 ms)  (8 times, this the last)',
      '92 ms  node-1 ← lease-held: acquire of space-0 #9 (node-1 holds epoch 1 until 90 ms)  (8 times, this the last)',
    ])
  })

  it('says first whose clock is off, and by how much', async () => {
    const seen: number[] = []
    const looks = function* (node: Contender): Body {
      seen[node.index] = node.nowMs
      yield node.acquire('space-0', 20)
    }
    const clockSkewMs: Scenario['clockSkewMs'] = (_parameters, random) => random.int(1, 50) * random.pick([-1, 1])
    const [clocks, ...events] = await told(scenarioOf(looks, ['granted'], at(1), { clockSkewMs }), answering(1))
    const [first = 0, second = 0] = seen
    const off = (skewMs: number) => `${Math.abs(skewMs)} ms ${skewMs > 0 ? 'ahead' : 'behind'}`
    expect(clocks).toBe(`clocks     node-0 is ${off(first)}, node-1 ${off(second)}`)
    expect(events).toHaveLength(1)
    const plan = { parameters: { nodes: 2, spaces: 1, durationMs: 100 }, seed: 1 }
    const oneOff = { clockSkewMs: () => (seen.length++ % 2 === 0 ? 0 : -97) }
    expect(describeClocks(scenarioOf(looks, [], at(1), oneOff), plan)).toBe('node-1 is 97 ms behind')
    expect(describeClocks(scenarioOf(looks, [], at(1)), plan)).toBe('')
  })
})

describe('what a story says of a line that does not show it', () => {
  it('is for how long a lease was granted, where it is not what was asked for', async () => {
    const clamps = defineSubject({
      name: 'clamps',
      core: ({ builtIn: { core } }) => ({
        ...core,
        acquire: (command, nowMs) => core.acquire({ ...command, ttlMs: 12 }, nowMs),
      }),
    })
    const renews = function* (node: Contender): Body {
      if (node.index === 1) return
      for (const ttlMs of [20, 12]) {
        const outcome = yield node.acquire('space-0', ttlMs)
        if (outcome.kind === 'granted') yield node.renew(outcome.fence, 30)
      }
    }
    expect(await told(scenarioOf(renews, ['granted'], at(2)), clamps)).toEqual([
      '1 ms  node-0 ← granted: acquire of space-0 #1 (epoch 1, until 13 ms)  (12 ms, not the 20 asked for)',
      '3 ms  node-0 ← renewed: renew of space-0 #2 (epoch 1, until 33 ms)',
      '5 ms  node-0 ← granted: acquire of space-0 #3 (epoch 2, until 17 ms)',
    ])
  })

  it('is nothing of a copy, which is told what the first was told', async () => {
    const asksAgain = function* (node: Contender): Body {
      if (node.index === 1) return
      yield node.acquire('space-0', 20)
      yield node.resend()
    }
    const scenario = scenarioOf(asksAgain, ['granted'], ({ repeated }) => (repeated ? 'broken' : undefined))
    expect(await told(scenario, builtInSubject)).toEqual([
      '0 ms  node-0 sends acquire of space-0 #1',
      '1 ms  node-0 ← granted: acquire of space-0 #1 (epoch 1, until 21 ms)',
      '2 ms  node-0 sends acquire of space-0 #1',
      '3 ms  node-0 ← granted: acquire of space-0 #1 (epoch 1, until 21 ms, asked before)',
    ])
  })

  it('is what the scenario itself does', async () => {
    const crashes = function* (node: Contender): Body {
      if (node.index === 0) node.crash(2, 3)
      yield node.acquire('space-0', 20)
    }
    const paused: Fault = { kind: 'pause', node: 1, atMs: 0, durationMs: 4 }
    const scenario = scenarioOf(crashes, ['restarted'], () => 'broken')
    // The plan crashes the same node as well, but later.
    const faults: readonly Fault[] = [paused, { kind: 'crash', node: 0, atMs: 50 }]
    expect((await told(scenario, answering(1), faults)).filter((line) => line.includes(' is '))).toEqual([
      '0 ms  node-1 is paused (until 4 ms)',
      '2 ms  node-0 is crashed  (by the scenario)',
      '4 ms  node-1 is resumed',
      '5 ms  node-0 is restarted',
    ])
  })

  describe('is of a checkpoint that was loaded', () => {
    type Written = { nextSeq: number; state: Json }
    type Choice = (written: readonly [Written, Written, Written, Written]) => Written
    /** The built-in log, of which a `load` is given what `other` makes of all checkpoints that it was asked for. */
    const loading = (other: Choice) =>
      defineSubject({
        name: 'loading',
        log({ builtIn: { log }, durable }) {
          const written = durable('written', (): Written[] => [])
          return {
            ...log,
            checkpoint(command, nowMs) {
              written.push({ nextSeq: command.nextSeq, state: command.state })
              return log.checkpoint(command, nowMs)
            },
            load: (command, nowMs) => ({
              ...log.load(command, nowMs),
              kind: 'loaded',
              nextSeq: 2,
              checkpoint: other(written as [Written, Written, Written, Written]),
            }),
          }
        },
      })
    /** Node-1 makes two checkpoints of space-1, node-0 one of space-0; node-1 makes one that is refused, loads and serves. */
    const checkpoints = function* (node: Contender): Body {
      const space = `space-${node.index}`
      const outcome = yield node.acquire(space, 90)
      if (outcome.kind !== 'granted') return
      const { fence } = outcome
      if (node.index === 0) yield node.sleep(10)
      for (const seq of [0, 1]) {
        yield node.append(fence, 'entry', seq)
        if (seq === 0 || node.index === 1) yield node.checkpoint(fence, seq + 1, 10 * node.index + seq)
      }
      if (node.index === 0) return
      yield node.sleep(20)
      yield node.checkpoint(fence, 9, 99)
      yield node.load(space)
      node.served(fence, 2, 7)
    }
    const hexOf = (state: Json) => hex(digestContent('checkpoint', state))
    it.each([
      ['the last one', ([, second]) => second, undefined],
      ['an older one', ([first]) => first, 'the last one, made by node-1 at 9 ms, is at 2'],
      [
        'one of another space',
        ([, , third]) => ({ nextSeq: 2, state: third.state }),
        `it was made by node-1 at 9 ms with state ${hexOf(11)}; state ${hexOf(0)} is the one of space-0, by node-0 at 15 ms`,
      ],
      [
        'one of another place',
        ([first]) => ({ nextSeq: 2, state: first.state }),
        `it was made by node-1 at 9 ms with state ${hexOf(11)}; state ${hexOf(10)} is the one at 1, by node-1 at 5 ms`,
      ],
      [
        'one that was refused',
        ([, , , last]) => last,
        `none was made at 9; state ${hexOf(99)} is the one that was refused (ahead-of-log), by node-1 at 31 ms`,
      ],
      [
        'one that nobody made',
        () => ({ nextSeq: 2, state: 5 }),
        `it was made by node-1 at 9 ms with state ${hexOf(11)}; nobody wrote state ${hexOf(5)}`,
      ],
    ] as readonly [what: string, other: Choice, remark: string | undefined][])(
      'when it is %s',
      async (_what, other, remark) => {
        const lines = await told(
          scenarioOf(checkpoints, ['served'], () => 'broken'),
          loading(other),
          [],
          2,
        )
        const place = lines.findIndex((line) => line.includes('← loaded'))
        expect(lines.slice(place + 1, -1)).toEqual(remark === undefined ? [] : [remark])
        const isOther = (line: string) => line.includes('node-0 ← checkpointed')
        expect(lines.some(isOther)).toBe(remark?.includes('space-0') === true)
      },
    )
  })

  it('is who asks without end while time stands still, and what has it do so', async () => {
    const asksOn = function* (node: Contender): Body {
      for (let attempt = 1; ; attempt++) {
        const outcome = yield node.acquire('space-0', 20)
        if (outcome.kind === 'granted') return
        const pursuit = { attempt, unanswered: 0, maxUnanswered: 5, baseMs: 4, capMs: 9 }
        yield node.sleep(node.client.retryAfterMs(pursuit, node.random) ?? 1)
      }
    }
    const network = () => ({ requestDelayMs: [0, 0], replyDelayMs: [0, 0], timeoutMs: 10 }) as const
    const scenario = scenarioOf(asksOn, [], () => undefined, { network })
    const hasty = defineSubject({ name: 'hasty', client: { retryAfterMs: () => 0 } })
    expect((await told(scenario, hasty))[0]).toMatch(
      /^time stands still at 0 ms: node-1 sends acquire \d{4} times; client.retryAfterMs has it wait for 0 ms each time$/,
    )
  })
})

describe('the story of a bug', () => {
  /** What is told of the first failure from `fromSeed` on, made small. */
  async function smallStory(subject: Subject, fromSeed: number, invariant?: string): Promise<string> {
    const options = { subject, maxEvents: 200_000, ...(invariant !== undefined && { invariants: [invariant] }) }
    const seeds = { from: fromSeed, seeds: 1_000, maxFailures: 1 }
    const [found] = (await exploreChunk(explorationScenarios, seeds, options)).failures as [Failure]
    const scenario = explorationScenarios.find(({ name }) => name === found.scenario) as Scenario
    return (await storyOf(scenario, (await shrink(scenario, found, options)).failure, options)).lines.join('\n')
  }

  it.each([
    ['a token that was never granted: the write that shows it', tokenNotCompared, /sends .* token (\w+)(?!.*\1)/],
    [
      'a wait behind oneself: who is ahead',
      waitsForItself,
      /(node-\d) ← queued: .*\(behind \1, place \d\) .*times/,
      'takeover-bound',
    ],
    [
      'a grant out of turn: the place that another was told',
      asksAgainBehind,
      /(node-\S+) ← (lease-held|queued): .*place \d\)(.*\n)*.*← granted: /,
      'service-order',
    ],
    [
      'a retry without a cap: each that was given up',
      retryWithoutCap,
      /gives up waiting for \w+ of .*\n.*sends \w+ of .*\(attempt 2\)$/,
    ],
    [
      'a copy that took effect: the first time it did',
      noMemory,
      /← (\w+): (.* #\d+) .*\n(.*\n)*.*← \1: \2 .*asked before.*$/,
    ],
  ])('tells of %s', async (_what, subject, cause, invariant?: string) => {
    for (const fromSeed of [0, 5_000, 4_000_000_000])
      expect(await smallStory(subject, fromSeed, invariant)).toMatch(cause)
  })
})
