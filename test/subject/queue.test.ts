import { describe, expect, it } from 'vitest'
import { type Answer, builtInSubject, type CorePart, hasQueue, type Subject } from '../../src/subject/index.js'

type Acquire = (ask: () => Answer, asked: number) => Answer | Promise<Answer>

/** The built-in core with an `acquire` that is told how often it was asked. */
function subject(acquire: Acquire): Subject {
  let asked = 0
  const core: Subject['core'] = ({ builtIn }): CorePart => ({
    ...builtIn.core,
    acquire: (command, nowMs) => acquire(() => builtIn.core.acquire(command, nowMs), ++asked),
  })
  return { name: 'own', core }
}

const placeless: Acquire = (ask) => (ask().kind === 'granted' ? ask() : { kind: 'lease-held' })

describe('the queue of a subject', () => {
  it('is seen by the position in its refusals', async () => {
    expect(await hasQueue(builtInSubject)).toBe(true)
    expect(await hasQueue({ name: 'own', client: { believes: () => true } })).toBe(true)
    expect(await hasQueue(subject((ask) => ask()))).toBe(true)
    expect(await hasQueue(subject(async (ask) => ask()))).toBe(true)
    expect(await hasQueue(subject(placeless))).toBe(false)
    expect(await hasQueue(subject(async (ask, asked) => placeless(ask, asked)))).toBe(false)
  })

  it.each<[string, Acquire]>([
    [
      'refuses one now and then without giving it a place',
      (ask, asked) => (asked === 2 ? { kind: 'lease-held' } : ask()),
    ],
    ['grants nothing', () => ({ kind: 'lease-held' })],
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['answers nonsense', () => ({ kind: 'nonsense' }) as unknown as Answer],
  ])('is taken to be there where a core %s: a run says what is wrong', async (_, acquire) => {
    expect(await hasQueue(subject(acquire))).toBe(true)
  })
})
