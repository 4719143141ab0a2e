import fc from 'fast-check'
import { tokenMint } from '../../src/lease/index.js'
import type { Command } from '../../src/protocol/index.js'

const mint = tokenMint('secret')

/** Names that have broken out of statements, keys, refs and paths before. */
export const awkwardNames = fc.oneof(
  fc.constantFrom(
    '',
    '..',
    '../..',
    'a/b',
    'a',
    'A',
    'a.lock',
    'HEAD',
    '@{u}',
    "it's",
    '"; DROP TABLE contention_space; --',
    '$1',
    '%00',
    '\0',
    'a\nb',
    'a\r\nDEL b',
    '{a}',
    'con',
    'ключ',
    '\ud800',
    '\udc00',
    'é',
    'e\u0301',
    'x'.repeat(10_000),
    `${'x'.repeat(10_000)}y`,
    '-',
    '--',
    '~^:?*[\\',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

export interface AnyCommand {
  /** Made when it is asked, not before: its fence may be one of a grant that came since. */
  readonly make: () => Command
  readonly passMs: number
  /** Which of two cores on the store is asked. */
  readonly on: number
}

const spaces = ['s', 't/u']
const owners = ['a', 'b', 'c']

/** Sequences of commands of every kind, with fences that hold, that are old, and that are forged, and requests sent again. */
export const anyCommands: fc.Arbitrary<readonly AnyCommand[]> = fc
  .array(
    fc.record({
      kind: fc.nat(19),
      space: fc.constantFrom(...spaces),
      owner: fc.constantFrom(...owners),
      epoch: fc.integer({ min: 1, max: 6 }),
      forged: fc.integer({ min: 0, max: 9 }),
      number: fc.nat(6),
      again: fc.integer({ min: 0, max: 9 }),
      passMs: fc.nat(40),
      on: fc.nat(1),
    }),
    { minLength: 1, maxLength: 40, size: 'max' },
  )
  .map((drawn) => {
    let request = 1
    return drawn.map(({ kind, space, owner, epoch, forged, number, again, passMs, on }): AnyCommand => {
      if (again > 0) request += 1
      const asked = { session: `${owner}#1`, request }
      const token = (of: string) => (forged === 0 ? 'forged' : mint(of, owner, epoch))
      const fence = { space, owner, epoch, token: token(space) }
      const job = { space, owner, epoch, token: token(`${space} job ${number}`), job: number }
      const claimed = { space, owner, ttlMs: 50, clockMs: 0 }
      const commands: readonly Command[] = [
        { kind: 'acquire', ...claimed, queueMs: number * 10, inQueue: false, ...asked },
        { kind: 'acquire', ...claimed, queueMs: 0, inQueue: false, ...asked },
        { kind: 'claim', ...claimed, expectedEpoch: epoch - 1, ...asked },
        { kind: 'renew', fence, ttlMs: 60, ...asked },
        { kind: 'release', fence, ...asked },
        { kind: 'validate', fence, ...asked },
        { kind: 'append', fence, type: 'entry', payload: { number, text: owner }, ...asked },
        { kind: 'append', fence, type: 'entry', payload: number, ...asked },
        { kind: 'append', fence, type: 'entry', payload: [number, null], ...asked },
        { kind: 'checkpoint', fence, nextSeq: number, state: { sum: number }, ...asked },
        { kind: 'truncate', fence, beforeSeq: number, ...asked },
        { kind: 'load', space, ...asked },
        { kind: 'read', space, fromSeq: number, limit: 3, ...asked },
        { kind: 'read', space, fromSeq: 0, limit: 100, ...asked },
        { kind: 'enqueue', space, ...asked },
        { kind: 'enqueue', space, ...asked },
        { kind: 'take', ...claimed, maxAttempts: 2, ...asked },
        { kind: 'complete', fence: job, ...asked },
        { kind: 'fail', fence: job, ...asked },
        { kind: 'acquire', ...claimed, queueMs: 0, inQueue: false, ...asked },
      ]
      return { make: () => commands[kind] as Command, passMs, on }
    })
  })
