import { describe, expect, it } from 'vitest'
import {
  builtInScenarios,
  checkpointReplayWindows,
  leaseRenewalContention,
  ownershipFencingContention,
  takeoverQueueRetryPressure,
} from '../../scenarios/index.js'
import { runScenario } from '../../src/run/index.js'
import type { Scenario } from '../../src/scenario/index.js'
import type { Subject } from '../../src/subject/index.js'
import * as broken from '../support/broken-subjects.js'

/** Every invariant, a subject that breaks it, and a workload in which that shows. */
const negatives: readonly (readonly [invariant: string, subject: () => Subject, scenario: Scenario])[] = [
  ['mutual-exclusion', broken.grantsWhileLive, leaseRenewalContention],
  ['epochs-grow', broken.reusesEpochs, leaseRenewalContention],
  ['fenced-writes', broken.ignoresEpochs, ownershipFencingContention],
  ['genuine-tokens', broken.ignoresTokens, ownershipFencingContention],
  ['contiguous-log', broken.skipsSeqs, checkpointReplayWindows],
  ['replay-equals-state', broken.forgetsOneEvent, checkpointReplayWindows],
  ['service-order', broken.ignoresTheQueue, takeoverQueueRetryPressure],
  ['no-starvation', broken.starvesOneNode, takeoverQueueRetryPressure],
]

describe('invariants', () => {
  it('hold for the built-in core, in every scenario, at many seeds', async () => {
    for (const scenario of builtInScenarios) {
      for (let seed = 1; seed <= 12; seed++) {
        const { invariants } = await runScenario(scenario, { seed })
        expect(
          invariants.filter(({ held }) => !held),
          `${scenario.name} at seed ${seed}`,
        ).toEqual([])
      }
    }
  })

  it.each(negatives)('%s catches a subject that breaks it', async (name, subject, scenario) => {
    const outcome = await runScenario(scenario, { subject: subject() })
    expect(outcome).toMatchObject({ passed: false, deterministic: true, invariantsMet: false })
    const result = outcome.invariants.find((each) => each.name === name)
    expect(result?.held).toBe(false)
    expect(result?.violations).toBeGreaterThan(0)
    expect(result?.first?.message).toMatchSnapshot()
  })

  it('each have a negative', () => {
    const all = builtInScenarios.flatMap((scenario) =>
      scenario.invariants(
        Object.fromEntries(
          Object.entries(scenario.parameters).map(([name, { default: value }]) => [name, value]),
        ) as never,
      ),
    )
    expect(new Set(negatives.map(([name]) => name))).toEqual(new Set(all.map(({ name }) => name)))
  })
})
