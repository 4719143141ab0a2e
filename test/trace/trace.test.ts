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
  TraceWriter,
  tracedRequest,
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

/** Laid out in other ways: with nothing but who asks for what, and with numbers that do not share a word. */
const brief: TraceEvent = { ...event, epoch: 0, untilMs: 0, token: 0 }
const large: TraceEvent = { ...event, node: 70_000, attempt: 300 }

const digestOf = (events: readonly TraceEvent[], code = 1): string => {
  const digest = new TraceDigest()
  for (const each of events) digest.add(each, code)
  return digest.end()
}

describe('the trace', () => {
  it('tells every event in words, with the names of who it is about', () => {
    const cast = castOf(numbered('node', 12), numbered('space', 2))
    expect(describeEvent(event, cast)).toBe(
      'node-1 ← granted: acquire of space-0 #3 (epoch 2, until 105 ms, token 0000004d)',
    )
    expect(describeEvent({ ...event, kind: 'crashed', command: 'none', space: NOBODY }, cast)).toBe('node-1 is crashed')
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
        fc.constantFrom(1, 255, 256, 65_534, 65_536, 1 << 24),
        fc.nat({ max: 2_999 }),
        fc.constantFrom(event, brief, large),
        (field, by, at, like) => {
          const events = Array.from({ length: 3_000 }, () => like)
          const changed = events.map((each, index) => (index === at ? { ...each, [field]: each[field] + by } : each))
          expect(digestOf(changed)).not.toBe(digestOf(events))
        },
      ),
      { numRuns: 60 },
    )
    for (const field of ['atMs', 'epoch', 'seq', 'untilMs'] as const) {
      const beyond = { ...event, [field]: event[field] + 0x1_0000_0000 }
      expect(digestOf([beyond]), field).not.toBe(digestOf([event]))
    }
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

  it('says of a request that it came before only when it was executed before, whatever else the task has asked', () => {
    const cast = castOf(['node-0'], ['space-0', 'space-1'])
    const seen: string[] = []
    const listener = { observe: (event: TraceEvent) => seen.push(`${event.request} ${event.repeated}`) }
    const writer = new TraceWriter(cast, new TraceDigest(), [{ kinds: ['loaded'], ...listener }])
    const request = (space: string, number: number) =>
      tracedRequest({ kind: 'load', space, session: 'node-0', request: number }, cast.spaceIndex(space), 0)
    const [late, next] = [request('space-0', 1), request('space-1', 2)]
    const task = { node: 0, task: 0 }
    for (const [atMs, each] of [next, late, late].entries()) {
      writer.executed(atMs, task, each, { kind: 'loaded', checkpoint: undefined, nextSeq: 0 })
    }
    expect(seen).toEqual(['2 false', '1 false', '1 true'])
  })

  it('gives names that do not depend on how many there are', () => {
    expect(numbered('node', 120).slice(0, 10)).toEqual(numbered('node', 10))
    expect(new Set(numbered('node', 120)).size).toBe(120)
  })

  it('tells contents apart that differ in type, sign or size alone', () => {
    const payload = fc.oneof(
      fc.maxSafeInteger(),
      fc.constantFrom(0, -1, 1, 2 ** 32, -(2 ** 32), 1.5, -1.5),
      fc.string({ maxLength: 6 }),
    )
    const content = fc.tuple(fc.constantFrom('a', 'a-', 'b', ''), payload)
    fc.assert(
      fc.property(content, content, ([type, one], [other, two]) => {
        fc.pre(type !== other || one !== two)
        expect(digestContent(type, one)).not.toBe(digestContent(other, two))
      }),
      { seed: 1, numRuns: 2_000 },
    )
  })
})
