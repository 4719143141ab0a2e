import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  castOf,
  describeEvent,
  digestContent,
  NOBODY,
  numbered,
  TraceDigest,
  type TraceEvent,
} from '../../src/trace/index.js'

const event: TraceEvent = {
  index: 0,
  atMs: 5,
  kind: 'granted',
  command: 'acquire',
  node: 1,
  task: 0,
  space: 0,
  request: 3,
  attempt: 0,
  repeated: false,
  epoch: 2,
  seq: 0,
  untilMs: 105,
  peer: NOBODY,
  token: 77,
  content: 0,
}

const digestOf = (events: readonly TraceEvent[], code = 1): string => {
  const digest = new TraceDigest()
  for (const each of events) digest.add(each, code)
  return digest.end()
}

describe('the trace', () => {
  it('tells every event in words, with the names of who it is about', () => {
    const cast = castOf(numbered('node', 12), numbered('space', 2))
    expect(describeEvent(event, cast)).toBe(
      'node-01 ← granted: acquire of space-0 #3 (epoch 2, until 105 ms, token 0000004d)',
    )
    expect(describeEvent({ ...event, kind: 'crashed', command: 'none', space: NOBODY }, cast)).toBe(
      'node-01 is crashed',
    )
  })

  it('has another digest when any field of any event is another', () => {
    const fields = [
      'atMs',
      'node',
      'task',
      'space',
      'request',
      'attempt',
      'epoch',
      'seq',
      'untilMs',
      'peer',
      'token',
      'content',
    ] as const
    fc.assert(
      fc.property(
        fc.constantFrom(...fields),
        fc.integer({ min: 1, max: 500 }),
        fc.nat({ max: 2_999 }),
        (field, by, at) => {
          const events = Array.from({ length: 3_000 }, () => event)
          const changed = events.map((each, index) => (index === at ? { ...each, [field]: each[field] + by } : each))
          expect(digestOf(changed)).not.toBe(digestOf(events))
        },
      ),
      { numRuns: 30 },
    )
    expect(digestOf([{ ...event, repeated: true }])).not.toBe(digestOf([event]))
    expect(digestOf([event], 2)).not.toBe(digestOf([event], 1))
    expect(digestOf([event, event])).not.toBe(digestOf([event]))
  })

  it('tells payloads apart, by type and by content', () => {
    const digests = [
      digestContent('a', 1),
      digestContent('b', 1),
      digestContent('a', 2),
      digestContent('a', '1'),
      digestContent('a', [1]),
      digestContent('a', { x: 1 }),
      digestContent('a', 2 ** 40),
      digestContent('a', -1),
    ]
    expect(new Set(digests).size).toBe(digests.length)
  })

  it('numbers names so that they sort in their order', () => {
    const names = numbered('node', 120)
    expect([...names].sort()).toEqual(names)
  })
})
