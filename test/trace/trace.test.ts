import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UNTOLD } from '../../src/protocol/index.js'
import {
  castOf,
  describeEvent,
  digestContent,
  eventKinds,
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
  sinceMs: 5,
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
  it('says in the documentation of its events what each kind holds that is not about a request alone', () => {
    const source = readFileSync(new URL('../../src/trace/event.ts', import.meta.url), 'utf8')
    const rows = [...source.matchAll(/^ \* \| (`[^|]*`) \|/gm)].map(([, kinds]) => kinds as string)
    const told = rows.flatMap((kinds) => [...kinds.matchAll(/`([^`]+)`/g)].map(([, kind]) => kind as string))
    const asTheRequest = [
      ...['timed-out', 'request-lost', 'request-duplicated', 'reply-duplicated', 'released'],
      ...['completed', 'failed', 'idle', 'invalid-token'],
    ]
    const onlyWho = ['resumed', 'crashed', 'restarted']
    expect([...told, ...asTheRequest, ...onlyWho].sort()).toEqual([...eventKinds].sort())
  })

  it('tells every event in words, with the names of who it is about', () => {
    const cast = castOf(numbered('node', 12), numbered('space', 2))
    expect(describeEvent(event, cast)).toBe(
      'node-1 ← granted: acquire of space-0 #3 (epoch 2, until 105 ms, token 0000004d)',
    )
    const inSteps = (kind: TraceEvent['kind'], seq: number) => describeEvent({ ...event, kind, seq }, cast)
    const about = 'acquire of space-0 #3'
    expect(inSteps('reply-lost', 0)).toBe(`node-1 loses the reply to ${about}`)
    expect(inSteps('reply-lost', 2)).toBe(`node-1 loses the reply to ${about} (cut off after step 2)`)
    expect(inSteps('step-unanswered', 1)).toBe(
      `node-1 has no answer from the store: ${about} (step 1 was the last that was made)`,
    )
    expect(inSteps('threw', 1)).toBe(`node-1 ← threw: ${about} (it had no answer from the store)`)
    expect(describeEvent({ ...event, kind: 'crashed', command: 'none', space: NOBODY }, cast)).toBe('node-1 is crashed')
  })

  it.each([
    ['stale-owner', 'claim', 3, 'epoch 2, the epoch is 3', 'epoch 2'],
    ['unknown-epoch', 'claim', 0, 'epoch 2, the epoch is 0', 'epoch 2'],
    ['superseded', 'append', 9, 'request 9 has been answered', undefined],
    ['ahead-of-log', 'checkpoint', 0, 'head at 0', undefined],
    ['checkpoint-mismatch', 'truncate', 0, 'checkpoint at 0', undefined],
    ['compacted', 'read', 4, 'from seq 105, first seq 4', 'from seq 105'],
  ] as const)(
    'tells with %s what the subject says, and no figure where it says none',
    (kind, command, seq, said, untold) => {
      const cast = castOf(numbered('node', 2), numbered('space', 1))
      const refused = { ...event, kind, command, seq }
      const line = `node-1 ← ${kind}: ${command} of space-0 #3`
      expect(describeEvent(refused, cast)).toBe(`${line} (${said})`)
      expect(describeEvent({ ...refused, seq: UNTOLD }, cast)).toBe(untold === undefined ? line : `${line} (${untold})`)
    },
  )

  it('tells who holds a lease, until when, and who is ahead, as far as the subject says', () => {
    const cast = castOf(numbered('node', 2), numbered('space', 1))
    const told = (more: Partial<TraceEvent>) =>
      /\((.*)\)$/.exec(describeEvent({ ...event, kind: 'lease-held', ...more }, cast))?.[1]
    expect(told({ peer: 0 })).toBe('node-0 holds epoch 2 until 105 ms')
    expect(told({ peer: 0, untilMs: 0 })).toBe('node-0 holds epoch 2')
    expect(told({})).toBe('epoch 2 until 105 ms')
    expect(told({ epoch: 0, untilMs: 0 })).toBeUndefined()
    expect(told({ kind: 'queued', peer: 0, seq: 2 })).toBe('behind node-0, place 2')
    expect(told({ kind: 'queued' })).toBeUndefined()
  })

  it('tells which events were read, and that none were', () => {
    const cast = castOf(numbered('node', 2), numbered('space', 1))
    const read: TraceEvent = { ...event, kind: 'events', command: 'read', seq: 3, untilMs: 5, content: 255 }
    const line = 'node-1 ← events: read of space-0 #3'
    expect(describeEvent(read, cast)).toBe(`${line} (seq 3 to 4, content 000000ff)`)
    expect(describeEvent({ ...read, untilMs: 3, content: 0 }, cast)).toBe(`${line} (none from seq 3 on)`)
  })

  it('tells with what a request is sent, and that it is sent again', () => {
    const cast = castOf(numbered('node', 2), numbered('space', 1))
    const sent: TraceEvent = { ...event, kind: 'sent', command: 'append', content: 255 }
    const line = 'node-1 sends append of space-0 #3'
    expect(describeEvent(sent, cast)).toBe(`${line} (epoch 2, token 0000004d, content 000000ff)`)
    expect(describeEvent({ ...brief, kind: 'sent', command: 'append' }, cast)).toBe(line)
    expect(describeEvent({ ...brief, kind: 'sent', command: 'append', attempt: 1 }, cast)).toBe(`${line} (attempt 2)`)
  })

  it('calls the epoch of a job its epoch: it need not count how often the job was taken', () => {
    const cast = castOf(numbered('node', 2), numbered('space', 1))
    expect(describeEvent({ ...event, kind: 'taken', command: 'take', epoch: 7 }, cast)).toBe(
      'node-1 ← taken: take of space-0 #3 (job 0, epoch 7, until 105 ms)',
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
      // `event` is laid out otherwise once a number of it is so large; `large` is so anyway.
      for (const like of [event, large]) {
        const beyond = { ...like, [field]: like[field] + 0x1_0000_0000 }
        expect(digestOf([beyond]), field).not.toBe(digestOf([like]))
      }
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

  it('has nothing in a checkpoint that is answered with another place than was asked for', () => {
    const cast = castOf(['node-0'], ['space-0'])
    const fence = { space: 'space-0', owner: 'node-0', epoch: 1, token: '' }
    const seen: (readonly [seq: number, content: number])[] = []
    const writer = new TraceWriter(cast, undefined, [{ observe: ({ seq, content }) => void seen.push([seq, content]) }])
    for (const nextSeq of [4, 3]) {
      const command = { kind: 'checkpoint', fence, nextSeq: 4, state: 'four', session: 'node-0', request: 1 } as const
      writer.executed(0, { node: 0, task: 0 }, tracedRequest(command, 0, 0), { kind: 'checkpointed', nextSeq })
    }
    expect(seen).toEqual([
      [4, digestContent('checkpoint', 'four')],
      [3, 0],
    ])
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
