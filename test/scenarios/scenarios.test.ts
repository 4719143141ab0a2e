import { describe, expect, it } from 'vitest'
import { builtInScenarios } from '../../scenarios/index.js'
import type { MetricName } from '../../src/metrics/index.js'
import { runScenario } from '../../src/run/index.js'
import { ParameterError, resolveParameters, type Scenario, simulate } from '../../src/scenario/index.js'

/** The metrics that a scenario is about: none of them may be zero at its defaults. */
const own: Readonly<Record<string, readonly MetricName[]>> = {
  'ownership-fencing-contention': [
    'ownershipConflicts',
    'splitBrainRejections',
    'staleOwnerRejections',
    'invalidTokenRejections',
    'takeoverSuccesses',
    'leaseWindowP95Ms',
    'leaseQueuePeak',
    'takeoverQueuePeak',
    'retryAttempts',
  ],
  'lease-renewal-contention': [
    'ownershipConflicts',
    'takeoverSuccesses',
    'leaseWindowP95Ms',
    'leaseQueuePeak',
    'takeoverQueuePeak',
    'retryAttempts',
  ],
  'takeover-queue-retry-pressure': [
    'ownershipConflicts',
    'takeoverSuccesses',
    'leaseWindowP95Ms',
    'leaseQueuePeak',
    'takeoverQueuePeak',
    'retryAttempts',
  ],
  'checkpoint-replay-windows': [
    'takeoverSuccesses',
    'leaseWindowP95Ms',
    'checkpointWindowEvents',
    'replayWindowMs',
    'retryAttempts',
  ],
}

function kindsIn(scenario: Scenario, seed: number): ReadonlyMap<string, number> {
  const kinds = new Map<string, number>()
  const count = (kind: string) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  void simulate(scenario, {
    seed,
    parameters: resolveParameters(scenario.parameters),
    maxEvents: 1_000_000,
    listeners: [{ observe: ({ kind, command }) => void (count(`${command} ${kind}`) && count(kind)) }],
  })
  return kinds
}

const named = (name: string): Scenario => {
  const scenario = builtInScenarios.find((each) => each.name === name)
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`)
  return scenario
}

describe.each(builtInScenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (name, scenario) => {
  it('is a workload of at least 16 nodes, 4 spaces and 60 s, in which its own metrics are not zero', async () => {
    const { nodes, spaces, durationMs } = resolveParameters(scenario.parameters)
    expect({ nodes: nodes >= 16, spaces: spaces >= 4, durationMs: durationMs >= 60_000 }).toEqual({
      nodes: true,
      spaces: true,
      durationMs: true,
    })
    for (const seed of [1, 2, 3]) {
      const { profile, passed } = await runScenario(scenario, { seed })
      expect(passed).toBe(true)
      for (const metric of own[name] ?? []) expect(profile[metric], `${metric} at seed ${seed}`).toBeGreaterThan(0)
    }
  })

  it('gives the same signature for the same seed, and another for another', async () => {
    const signature = async (seed: number) => (await runScenario(scenario, { seed })).signature
    expect(await signature(5)).toBe(await signature(5))
    expect(await signature(5)).not.toBe(await signature(6))
  })

  it('runs at the ends of what its parameters may be', async () => {
    for (const [parameter, { min, max }] of Object.entries(scenario.parameters)) {
      const small = { nodes: 3, spaces: 2, durationMs: 800 }
      const ends = parameter === 'durationMs' ? [400, 2_000] : [min, Math.min(max, 500)]
      for (const value of ends) {
        const { deterministic } = await runScenario(scenario, { parameters: { ...small, [parameter]: value } })
        expect(deterministic, `${parameter}=${value}`).toBe(true)
      }
    }
  })

  it('documents every parameter, with a default within its bounds', () => {
    for (const [parameter, { default: value, min, max, description }] of Object.entries(scenario.parameters)) {
      expect(description.length, parameter).toBeGreaterThan(5)
      expect(() => resolveParameters(scenario.parameters, { [parameter]: min - 1 })).toThrow(ParameterError)
      expect(() => resolveParameters(scenario.parameters, { [parameter]: max + 1 })).toThrow(ParameterError)
      expect(() => resolveParameters(scenario.parameters, { [parameter]: value + 0.5 })).toThrow(ParameterError)
    }
    expect(() => resolveParameters(scenario.parameters, { unheardOf: 1 })).toThrow(/there is no parameter "unheardOf"/)
  })
})

describe('what happens in them', () => {
  it('in ownership-fencing-contention every kind of refusal of a lease occurs', () => {
    for (const seed of [1, 2, 3]) {
      const kinds = kindsIn(named('ownership-fencing-contention'), seed)
      for (const refusal of [
        'lease-held',
        'queued',
        'stale-owner',
        'unknown-epoch',
        'split-brain',
        'invalid-token',
        'lease-expired',
        'superseded',
      ]) {
        expect(kinds.get(refusal) ?? 0, `${refusal} at seed ${seed}`).toBeGreaterThan(0)
      }
      expect(kinds.get('paused')).toBeGreaterThan(10)
    }
  })

  it('in lease-renewal-contention some renewals come too late, and messages are lost both ways', () => {
    const kinds = kindsIn(named('lease-renewal-contention'), 1)
    expect((kinds.get('renew stale-owner') ?? 0) + (kinds.get('renew lease-expired') ?? 0)).toBeGreaterThan(0)
    for (const kind of ['request-lost', 'reply-lost', 'timed-out', 'renew renewed', 'paused', 'partitioned'])
      expect(kinds.get(kind), kind).toBeGreaterThan(5)
  })

  it('in takeover-queue-retry-pressure holders crash, and others take over by claims as well as from the queue', () => {
    const kinds = kindsIn(named('takeover-queue-retry-pressure'), 1)
    for (const kind of ['crashed', 'restarted', 'claim granted', 'acquire granted', 'queued'])
      expect(kinds.get(kind), kind).toBeGreaterThan(20)
  })

  it('in checkpoint-replay-windows holders crash before a checkpoint and during one, and successors replay', () => {
    const scenario = named('checkpoint-replay-windows')
    const open = new Map<number, string>()
    const moments = new Map<string, number>()
    void simulate(scenario, {
      seed: 1,
      parameters: resolveParameters(scenario.parameters),
      maxEvents: 1_000_000,
      listeners: [
        {
          kinds: ['sent', 'delivered', 'checkpointed'],
          observe: ({ kind, command, node }) => void open.set(node, `${kind} ${command}`),
        },
        {
          kinds: ['crashed'],
          observe: ({ node }) => void moments.set(open.get(node) ?? '', (moments.get(open.get(node) ?? '') ?? 0) + 1),
        },
      ],
    })
    // After an append and before the checkpoint that was due; while the checkpoint is on its way; while its reply is.
    for (const moment of ['delivered append', 'sent checkpoint', 'checkpointed checkpoint'])
      expect(moments.get(moment) ?? 0, moment).toBeGreaterThan(0)
    expect(kindsIn(scenario, 1).get('read events')).toBeGreaterThan(50)
  })
})
