import { describe, expect, it } from 'vitest'
import {
  type Body,
  type Contender,
  defineScenario,
  type Invariant,
  runScenario,
  type Scenario,
  workload,
} from '../../src/index.js'
import { NothingMeasured } from '../../src/run/index.js'
import { ScenarioAborted } from '../../src/scenario/index.js'

const sound = defineScenario({
  name: 'sound',
  description: 'asks once in a while',
  parameters: workload({ nodes: 2, spaces: 2, durationMs: 500 }),
  network: () => ({ requestDelayMs: [1, 5], replyDelayMs: [1, 5], timeoutMs: 50 }),
  *node(node): Body {
    for (;;) {
      yield node.acquire(node.spaces[0] as string, 40)
      yield node.sleep(50)
    }
  },
  invariants: () => [],
})

const doing = (step: (node: Contender) => Body) => ({ node: step })

/** What a scenario may get wrong, and what it is told. They are written in JavaScript too: types do not keep anybody from it. */
const mistakes: Readonly<Record<string, readonly [object, RegExp]>> = {
  'a network without delays': [
    { network: () => ({ timeoutMs: 50 }) },
    /requestDelayMs undefined: expected \[min, max\]/,
  ],
  'a network that loses more than all': [
    { network: () => ({ ...sound.network({ nodes: 2, spaces: 2, durationMs: 500 }), replyLossPerMille: 1_001 }) },
    /replyLossPerMille 1001: expected 0 to 1000/,
  ],
  'faults that are none': [{ faults: () => 7 }, /not iterable/],
  'a kind of fault that there is not': [
    { faults: () => [{ kind: 'pouse', node: 0, atMs: 1, durationMs: 2 }] },
    /a fault of kind "pouse": expected one of pause, crash/,
  ],
  'a fault of a node that there is not': [
    { faults: () => [{ kind: 'pause', node: 99, atMs: 1, durationMs: 2 }] },
    /there is no node 99: expected 0 to 1/,
  ],
  'a partition from a node that there is not': [
    { faults: () => [{ kind: 'partition', nodes: [0, 2], atMs: 1, durationMs: 2 }] },
    /there is no node 2/,
  ],
  'an invariant that is none': [{ invariants: () => [{ name: 'mine' }] }, /the invariant "mine": expected \{ name/],
  'an invariant that judges nothing': [
    { invariants: () => [{ name: 'mine', rule: 'none', kinds: ['granted'], begin: () => ({ end: () => undefined }) }] },
    /what the invariant "mine" begins: expected \{ step\(event\)/,
  ],
  'half a millisecond of skew': [{ clockSkewMs: () => 0.5 }, /a clock 0.5 ms ahead: expected a whole number/],
  'a space that there is not': [
    doing(function* (node) {
      yield node.acquire('nospace', 5)
    }),
    /there is no space "nospace": expected one of space-0, space-1/,
  ],
  'a lease of no time': [
    doing(function* (node) {
      yield node.acquire('space-0', -5)
    }),
    /a lease cannot last -5 ms/,
  ],
}

describe('a scenario that is wrong', () => {
  it.each(Object.entries(mistakes))('is told of %s, as its own mistake', async (_, [mistake, said]) => {
    const outcome = runScenario({ ...sound, ...mistake } as Scenario)
    await expect(outcome).rejects.toThrow(ScenarioAborted)
    await expect(outcome).rejects.toThrow(said)
    await expect(outcome).rejects.toMatchObject({ cause: { culprit: 'scenario' } })
  })

  it('may have an invariant that is the instance of a class', async () => {
    class Sparing implements Invariant {
      readonly name = 'sparing'
      readonly rule = 'nobody asks more often than that'
      readonly kinds = ['sent'] as const
      readonly most = 3
      begin() {
        let asked = 0
        return { step: () => (++asked > this.most ? `asked ${asked} times` : undefined) }
      }
    }
    const { invariants } = await runScenario({ ...sound, invariants: () => [new Sparing()] })
    expect(invariants[0]).toMatchObject({ held: false, first: { message: 'asked 4 times' } })
  })

  it('has measured nothing when nobody asks for anything, or when there is no time for it', async () => {
    const idle = {
      ...sound,
      ...doing(function* (node) {
        yield node.sleep(10)
      }),
    }
    await expect(runScenario(idle)).rejects.toThrow(NothingMeasured)
    await expect(runScenario(sound, { parameters: { durationMs: 1 } })).rejects.toThrow(
      'sound measured nothing: no command reached the subject in 1 ms of virtual time',
    )
  })
})
