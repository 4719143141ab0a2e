import { describe, expect, it } from 'vitest'
import { leaseStates, Standings } from '../../src/explore/standing.js'
import type { EventKind } from '../../src/trace/index.js'
import { at, type More } from '../support/trace-by-hand.js'

type Step = readonly [kind: EventKind, command: More['command'], more?: More]

/** Where a node stands after `steps`, one a millisecond, by whichever of its tasks. */
function stateAfter(...steps: readonly Step[]): (typeof leaseStates)[number] | undefined {
  const standings = new Standings(3, 80)
  for (const [index, [kind, command = 'none', more = {}]] of steps.entries()) {
    standings.observe({ ...at(index, 'a', kind, { command, ...more }), index })
  }
  return leaseStates[standings.stateOf(0, steps.length)]
}

/** How near-by its end the lease of a node is said to be near it, where it may last `ttlMs`. */
function nearMs(ttlMs: number): number {
  const standings = new Standings(1, ttlMs)
  standings.observe({ ...at(0, 'a', 'granted', { command: 'acquire', epoch: 1, untilMs: 1_000 }), index: 0 })
  const states = Array.from({ length: 1_001 }, (_, atMs) => leaseStates[standings.stateOf(0, atMs)])
  const [holding, near] = [states.indexOf('holding'), states.indexOf('near-expiry')]
  expect([holding, states.lastIndexOf('holding'), states.lastIndexOf('near-expiry')]).toEqual([0, near - 1, 999])
  expect(states.at(-1)).toBe('idle')
  return 1_000 - near
}

const take: readonly Step[] = [
  ['sent', 'take'],
  ['taken', 'take', { untilMs: 80 }],
]
const told: Step = ['delivered', 'take']

describe('where a node stands', () => {
  it('is near the end of its lease in the last eighth of its length, and in the last 2 ms at the least', () => {
    expect([800, 100, 23, 1].map(nearMs)).toEqual([100, 12, 2, 2])
  })

  it('is told of a worker as of a holder', () => {
    expect(stateAfter(['sent', 'take'])).toBe('waiting')
    expect(stateAfter(...take, told)).toBe('holding')
    expect(stateAfter(...take, told, ['sent', 'complete'])).toBe('write-in-flight')
    expect(stateAfter(...take, told, ['sent', 'fail'])).toBe('write-in-flight')
  })

  it.each(['completed', 'failed'] as const)('is idle when its job is %s', (kind) => {
    const command = kind === 'completed' ? 'complete' : 'fail'
    expect(stateAfter(...take, told, ['sent', command], [kind, command], ['delivered', command])).toBe('idle')
  })

  it('is waiting for as long as it is told that there is no job, or nothing', () => {
    expect(stateAfter(['sent', 'take'], ['idle', 'take'], ['delivered', 'take'])).toBe('waiting')
    expect(stateAfter(['sent', 'take'], ['timed-out', 'take'])).toBe('waiting')
    expect(stateAfter(...take, told, ['completed', 'complete'], ['sent', 'take'], ['idle', 'take'], told)).toBe(
      'waiting',
    )
  })

  it('has a write in flight until that is answered, whatever else its tasks are told', () => {
    const write: readonly Step[] = [
      ['granted', 'acquire', { untilMs: 80 }],
      ['sent', 'append'],
      ['sent', 'validate', { task: 1 }],
      ['delivered', 'validate', { task: 1 }],
    ]
    expect(stateAfter(...write)).toBe('write-in-flight')
    expect(stateAfter(...write, ['delivered', 'append'])).toBe('holding')
  })
})
