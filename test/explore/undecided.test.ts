import { describe, expect, it } from 'vitest'
import { undecided } from '../../src/explore/undecided.js'
import { castOf, type TraceEvent } from '../../src/trace/index.js'
import { at, type Happening } from '../support/trace-by-hand.js'

const cast = castOf(['a', 'b', 'c'], ['s', 't'])
const release = (kind: TraceEvent['kind'], seq = 0, space = 0): Happening =>
  at(1, 'a', kind, { command: 'release', request: 3, seq, space })
const granted = at(2, 'b', 'granted', { command: 'acquire', epoch: 2 })
const noteOf = (invariant: string, happenings: readonly Happening[]) =>
  undecided(
    happenings.map((event, index) => ({ ...event, index })),
    invariant,
    cast,
  )

describe('a command that may have taken effect before its last step', () => {
  it('is named where its lease is missed: cut off, thrown or under way', () => {
    const note = 'note       release #3 of a had taken step 2: if it takes effect there, have it say `decided`'
    for (const end of [[], [release('reply-lost', 2)], [release('threw', 2)]]) {
      expect(noteOf('mutual-exclusion', [release('stepped', 1), release('stepped', 2), ...end, granted])).toBe(note)
    }
  })

  it('is not named when it was answered, is of another space, or is nothing to this rule', () => {
    expect(noteOf('mutual-exclusion', [release('stepped', 1), release('released'), granted])).toBeUndefined()
    expect(noteOf('mutual-exclusion', [release('stepped', 1, 1), granted])).toBeUndefined()
    expect(noteOf('epochs-grow', [release('stepped', 1), granted])).toBeUndefined()
    expect(noteOf('mutual-exclusion', [release('sent'), granted])).toBeUndefined()
  })
})
