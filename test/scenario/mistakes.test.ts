import { describe, expect, it } from 'vitest'
import {
  type Body,
  type Contender,
  defineScenario,
  defineSubject,
  type Fence,
  type Invariant,
  leaseRenewalContention,
  mutualExclusion,
  noStarvation,
  type RunOptions,
  runScenario,
  type Scenario,
  workload,
} from '../../src/index.js'
import type { Suspended } from '../../src/kernel/index.js'
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

const holding = (command: (node: Contender, fence: Fence) => Suspended) =>
  doing(function* (node) {
    const outcome = yield node.acquire('space-0', 40)
    if (outcome.kind === 'granted') yield command(node, outcome.fence)
    yield node.sleep(50)
  })

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
  'a slip in a field of a fault': [
    { faults: () => [{ kind: 'crash', node: 0, atMs: 1, restartMs: 5 }] },
    /a crash has no field "restartMs": expected restartAfterMs\?/,
  ],
  'a fault without its length': [{ faults: () => [{ kind: 'pause', node: 0, atMs: 1 }] }, /a pause without durationMs/],
  'a slip in a field of the network': [
    { network: () => ({ requestDelayMs: [1, 5], replyDelayMs: [1, 5], timeoutMs: 50, replyLosPerMille: 5 }) },
    /a network has no field "replyLosPerMille": expected replyLossPerMille/,
  ],
  'a network that says not how long to wait': [
    { network: () => ({ requestDelayMs: [1, 5], replyDelayMs: [1, 5] }) },
    /a network without timeoutMs: expected a whole number above 0/,
  ],
  'a network in which nothing is waited for': [
    { network: () => ({ requestDelayMs: [1, 5], replyDelayMs: [1, 5], timeoutMs: 0 }) },
    /a network with timeoutMs 0: expected/,
  ],
  'a network that is nothing': [
    { network: () => undefined },
    /a network that is undefined: expected \{ requestDelayMs/,
  ],
  'a calm that begins at no time': [{ calmFromMs: () => undefined }, /calm from undefined ms on: expected a number/],
  'invariants that are no list': [{ invariants: () => undefined }, /invariants that are undefined: expected a list/],
  'an invariant that is nothing': [
    { invariants: () => [undefined] },
    /invariant 1 of 1 is undefined: expected \{ name/,
  ],
  'a node that is async': [
    { node: async (node: Contender) => node.acquire('space-0', 5) },
    /a process is a promise: expected a generator, as in \*node\(node, parameters\)/,
  ],
  'a node that is an async generator': [
    {
      async *node(node: Contender) {
        yield node.acquire('space-0', 5)
      },
    },
    /a process is an async generator/,
  ],
  'a node that does nothing': [{ node: () => undefined }, /a process is nothing: expected a generator/],
  'a task that is no generator': [
    doing(function* (node) {
      node.spawn((() => 7) as never)
      yield node.sleep(5)
    }),
    /a process is 7: expected a generator/,
  ],
  'a fence that is none': [
    doing(function* (node) {
      yield node.renew({} as Fence, 10)
    }),
    /renew with \{\}, which is no fence: expected that of a grant/,
  ],
  'no fence at all': [
    doing(function* (node) {
      yield node.complete(undefined as never)
    }),
    /complete with undefined, which is no fence/,
  ],
  'an event without a type': [
    holding((node, fence) => node.append(fence, undefined as never, 1)),
    /append of an event of the type undefined: expected a text/,
  ],
  'an event that JSON has no word for': [
    holding((node, fence) => node.append(fence, 'entry', undefined as never)),
    /append: payload is undefined: expected what JSON can hold/,
  ],
  'an event that JSON would change': [
    holding((node, fence) => node.append(fence, 'entry', Number.NaN)),
    /append: payload is NaN: expected what JSON can hold/,
  ],
  'an event of which JSON would lose something': [
    holding((node, fence) => node.append(fence, 'entry', { a: [1, () => 7] } as never)),
    /append: payload\.a\[1\] is a function: expected/,
  ],
  'a state that JSON would change': [
    holding((node, fence) => node.checkpoint(fence, 0, { since: new Date(0) } as never)),
    /checkpoint: state\.since is a Date/,
  ],
  'a state that JSON has no word for': [
    holding((node, fence) => node.checkpoint(fence, 0, (() => 7) as never)),
    /checkpoint: state is a function: expected what JSON can hold/,
  ],
  'an invariant that is none': [{ invariants: () => [{ name: 'mine' }] }, /the invariant "mine": expected \{ name/],
  'an invariant that judges nothing': [
    { invariants: () => [{ name: 'mine', rule: 'none', kinds: ['granted'], begin: () => ({ end: () => undefined }) }] },
    /what the invariant "mine" begins: expected \{ step\(event\)/,
  ],
  'an invariant that can never break': [
    { invariants: () => [{ name: 'mine', rule: 'none', kinds: [], begin: () => ({ step: () => 'broken' }) }] },
    /the invariant "mine" would hold whatever happens: it looks at no kind of event, and has no end/,
  ],
  'an invariant of a kind that there is not': [
    { invariants: () => [{ name: 'mine', rule: 'none', kinds: ['grant'], begin: () => ({ step: () => undefined }) }] },
    /the invariant "mine" looks at events of the kind "grant", which there is not: is granted meant\?/,
  ],
  'an invariant whose name is none': [
    { invariants: () => [{ name: 'Bad Name!', rule: 'x', kinds: ['sent'], begin: () => ({ step: () => undefined }) }] },
    /an invariant is called "Bad Name!": expected lower case words joined by hyphens/,
  ],
  'two invariants of one name': [
    { invariants: () => [mutualExclusion, mutualExclusion] },
    /two invariants are called "mutual-exclusion": expected a name of its own for each/,
  ],
  'an invariant that answers later': [
    {
      invariants: () => [
        { name: 'mine', rule: 'none', kinds: ['sent'], begin: () => ({ step: async () => 'too late' }) },
      ],
    },
    /the invariant "mine" says a promise: expected what breaks the rule, in words, or nothing/,
  ],
  'an invariant that says a number': [
    { invariants: () => [{ name: 'mine', rule: 'none', kinds: ['sent'], begin: () => ({ step: () => 7 }) }] },
    /the invariant "mine" says 7: expected what breaks the rule/,
  ],
  'half a millisecond of skew': [{ clockSkewMs: () => 0.5 }, /a clock 0.5 ms ahead: expected a whole number/],
  'a space that there is not': [
    doing(function* (node) {
      yield node.acquire('nospace', 5)
    }),
    /there is no space "nospace": expected one of space-0, space-1/,
  ],
  'a space that nobody can serve': [
    doing(function* (node) {
      node.served({ space: 'nospace', epoch: 1 } as Fence, 0, 0)
      yield node.sleep(5)
    }),
    /there is no space "nospace"/,
  ],
  'events from nowhere on': [
    doing(function* (node) {
      yield node.read('space-0', undefined as never, 10)
    }),
    /fromSeq that is undefined: expected a number/,
  ],
  'a claim at no epoch': [
    doing(function* (node) {
      yield node.claim('space-0', undefined as never, 10)
    }),
    /expectedEpoch that is undefined: expected a number/,
  ],
  'a draw from half a number on': [
    doing(function* (node) {
      yield node.sleep(node.random.int(0.5, 1.5))
    }),
    /cannot draw from 0.5 to 1.5: expected whole numbers/,
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

  it('is told of a slip in the name of a part, and may have fields of its own', () => {
    const slipped = { ...sound, fault: () => [] }
    expect(() => defineScenario(slipped)).toThrow('scenario sound has a field "fault": expected faults?')
    const faults = () => []
    const helpers = { clock: faults, calm: faults, expire: faults, explode: faults, fails: faults }
    const own = {
      ...sound,
      ...helpers,
      faults,
      fault: faults,
      nodes: 3,
      seeds: [1, 2],
      defaults: () => 7,
      explored: true,
    }
    expect(defineScenario(own)).toBe(own)
    class Mine {
      fault = faults
    }
    expect(() => defineScenario(Object.assign(new Mine(), sound))).not.toThrow()
  })

  it('takes the parameters that the scenario has, and no others, where it is known which these are', async () => {
    const known = await runScenario(sound, { parameters: { nodes: 3 } })
    expect(known.overrides).toEqual({ nodes: 3 })
    // @ts-expect-error: it has no such parameter
    await expect(runScenario(sound, { parameters: { nodess: 3 } })).rejects.toThrow('there is no parameter "nodess"')
    // @ts-expect-error: it has no such parameter
    await expect(runScenario(leaseRenewalContention, { parameters: { ttlMss: 5 } })).rejects.toThrow('"ttlMss"')
    const any: Scenario = sound
    await expect(runScenario(any, { parameters: { nodess: 3 } })).rejects.toThrow('there is no parameter "nodess"')
    const options: RunOptions = { parameters: { nodess: 3 } }
    for (const each of [any, sound, leaseRenewalContention]) {
      await expect(runScenario(each, options)).rejects.toThrow('there is no parameter "nodess"')
    }
    await expect(runScenario(leaseRenewalContention, options)).rejects.toThrow('there is no parameter "nodess"')
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

  it('may have an invariant that says nothing in its own way', async () => {
    const nothing = [undefined, null, false, 0] as const
    const invariants = nothing.map((said, index) => ({
      name: `quiet-${index}`,
      rule: 'none',
      kinds: ['sent'] as const,
      begin: () => ({ step: () => said as undefined, end: () => said as undefined }),
    }))
    const outcome = await runScenario({ ...sound, invariants: () => invariants })
    expect(outcome.invariants.map(({ violations }) => violations)).toEqual([0, 0, 0, 0])
  })

  it('is refused a limit of events that is none', async () => {
    await expect(runScenario(sound, { maxEvents: Number.NaN })).rejects.toThrow(
      'maxEvents is NaN: expected a whole number of 1 or more',
    )
  })

  it('may take as many events as it is said to have, and not one less', async () => {
    const { events } = await runScenario(sound)
    expect((await runScenario(sound, { maxEvents: events })).events).toBe(events)
    await expect(runScenario(sound, { maxEvents: events - 1 })).rejects.toThrow(
      new RegExp(`: not over after ${events - 1} events, at \\d+ ms of \\d+ ms of virtual time$`),
    )
  })

  it('counts no retry where a request is sent again that was granted', async () => {
    const again = doing(function* (node) {
      yield node.acquire(node.spaces[node.index] as string, 400)
      yield node.resend()
    })
    expect((await runScenario({ ...sound, ...again })).profile.retryAttempts).toBe(0)
  })

  it('may last for months', async () => {
    const days = 86_400_000
    const patient = {
      ...sound,
      ...doing(function* (node) {
        if (node.index === 0) return void (yield node.acquire('space-0', 1_000))
        yield node.sleep(50)
        yield node.acquire('space-0', 10)
        yield node.sleep(90 * days)
        yield node.acquire('space-0', 10)
      }),
    }
    const parameters = {
      ...sound.parameters,
      durationMs: { default: 100 * days, min: 1, max: 200 * days, description: '' },
    }
    const { profile } = await runScenario({ ...patient, parameters })
    expect(profile.leaseWindowP95Ms).toBeGreaterThan(90 * days)
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

  it('has measured nothing of a subject that never grants', async () => {
    const never = defineSubject({
      name: 'never',
      core: () => ({ execute: () => ({ kind: 'lease-held' }) }),
    })
    await expect(runScenario(sound, { subject: never })).rejects.toThrow(
      'sound measured nothing: nobody was granted a lease, and 18 requests were refused as if another held it in 500 ms',
    )
  })

  it('is told of the rule that is broken, if one is, and nobody was granted a lease', async () => {
    const never = defineSubject({
      name: 'never',
      core: () => ({ execute: () => ({ kind: 'lease-held' }) }),
    })
    const impatient = { ...sound, invariants: () => [noStarvation({ boundMs: 100 })] }
    expect(await runScenario(impatient, { subject: never })).toMatchObject({ invariantsMet: false, passed: false })
  })

  it('is told that it is not deterministic if the second run alone does not come to its end', async () => {
    let runs = 0
    const once = defineSubject({
      name: 'once',
      core({ builtIn: { core } }) {
        const run = ++runs
        return {
          ...core,
          acquire(command, nowMs) {
            if (run > 1 && nowMs > 100) throw new Error('used up')
            return core.acquire(command, nowMs)
          },
        }
      },
    })
    const outcome = runScenario(sound, { subject: once })
    await expect(outcome).rejects.toMatchObject({ where: 'the second run alone', scenario: 'sound' })
  })
})
