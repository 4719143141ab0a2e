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
import type { Check, Invariant } from '../../src/invariants/index.js'
import type { Fault } from '../../src/kernel/index.js'
import { type Body, type Contender, defineScenario, type Scenario, workload } from '../../src/scenario/index.js'
import { defineSubject, type Subject } from '../../src/subject/index.js'
import type { EventKind } from '../../src/trace/index.js'
import waitsForItself from '../corpus/p14-orphan-waiter.js'
import retryWithoutCap from '../corpus/p16-retry-without-cap.js'
import tokenNotCompared from '../corpus/x01-token-not-compared.js'
import noMemory from '../corpus/x02-no-memory-of-requests.js'

const maxSteps = 10_000

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
async function told(scenario: Scenario, subject: Subject, faults: readonly Fault[] = []): Promise<readonly string[]> {
  const parameters = { nodes: 2, spaces: 1, durationMs: 100 }
  const plan: Plan = { scenario: scenario.name, seed: 1, strategy: 'insertion', parameters, faults }
  const failure = failureOf(await attempt(scenario, plan, { subject, maxSteps }), plan)
  if (failure === undefined) throw new Error('expected a failure')
  const story = await storyOf(scenario, failure, { subject, maxSteps })
  return story.map((line) => line.replace(/, token [0-9a-f]+/, '').trim())
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

describe('the story of a bug', () => {
  /** What is told of the first failure from `fromSeed` on, made small. */
  async function smallStory(subject: Subject, fromSeed: number): Promise<string> {
    const options = { subject, maxSteps: 200_000 }
    const seeds = { from: fromSeed, seeds: 1_000, maxFailures: 1 }
    const [found] = (await exploreChunk(explorationScenarios, seeds, options)).failures as [Failure]
    const scenario = explorationScenarios.find(({ name }) => name === found.scenario) as Scenario
    return (await storyOf(scenario, (await shrink(scenario, found, options)).failure, options)).join('\n')
  }

  it.each([
    ['a token that was never granted: the write that shows it', tokenNotCompared, /sends .* token (\w+)(?!.*\1)/],
    ['a wait behind oneself: who is ahead', waitsForItself, /(node-\d) ← queued: .*\(behind \1, place 2\) .*times/],
    [
      'a retry without a cap: each that was given up',
      retryWithoutCap,
      /gives up waiting for \w+ of .*(\n.*){2,}gives up .*\n.*sends .*$/,
    ],
    [
      'a copy that took effect: the first time it did',
      noMemory,
      /← (\w+): (.* #\d+) .*\n(.*\n)*.*← \1: \2 .*asked before.*$/,
    ],
  ])('tells of %s', async (_what, subject, cause) => {
    for (const fromSeed of [0, 5_000, 4_000_000_000]) expect(await smallStory(subject, fromSeed)).toMatch(cause)
  })
})
