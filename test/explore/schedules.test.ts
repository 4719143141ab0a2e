import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Schedules } from '../../src/explore/schedules.js'
import { play, tinyRules } from '../../src/explore/tiny-world.js'
import { defineSubject } from '../../src/subject/index.js'

describe('all ways through a row of decisions', () => {
  it('are each taken once, in the order of their options, however many options a decision has', () => {
    // By what was chosen so far, how many options there are next.
    const widths = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(widths, (optionsAt) => {
        const all = new Schedules()
        const ways: string[] = []
        do {
          const way: number[] = []
          for (let sum = 0; way.length < 5; ) {
            const options = optionsAt[(sum + way.length) % optionsAt.length] as number
            if (options === 0) break
            const chosen = all.choose(options)
            way.push(chosen)
            sum += chosen
          }
          ways.push(way.join(''))
        } while (all.next())
        const count = (sum: number, depth: number): number => {
          const options = optionsAt[(sum + depth) % optionsAt.length] as number
          if (depth === 5 || options === 0) return 1
          return Array.from({ length: options }, (_, chosen) => count(sum + chosen, depth + 1)).reduce(
            (one, other) => one + other,
          )
        }
        expect(ways).toEqual([...new Set(ways)].sort())
        expect(ways).toHaveLength(count(0, 0))
      }),
    )
  })

  it('are taken again as they were, and left out behind the last decision that was taken', () => {
    const all = new Schedules()
    const pair = () => [all.choose(2), all.choose(2)]
    expect(pair()).toEqual([0, 0])
    all.again()
    expect(pair()).toEqual([0, 0])
    expect(all.next()).toBe(true)
    expect(pair()).toEqual([0, 1])
    all.again()
    // What follows from the first decision is of no interest.
    expect(all.choose(2)).toBe(0)
    expect(all.next()).toBe(true)
    expect(pair()).toEqual([1, 0])
    expect(all.next()).toBe(true)
    expect(pair()).toEqual([1, 1])
    expect(all.next()).toBe(false)
  })
})

describe('a tiny world in which commands take steps', () => {
  const inSteps = defineSubject({
    name: 'in steps',
    log: 'none',
    core: ({ builtIn, step }) => ({
      async acquire(command) {
        await step(() => undefined)
        return step((nowMs) => builtIn.core.acquire(command, nowMs))
      },
    }),
  })

  async function storiesOf(interruptions?: number): Promise<readonly string[]> {
    const world = {
      nodes: 2,
      subject: inSteps,
      script: ['acquire'],
      copies: false,
      judged: tinyRules,
      takenOver: false,
    } as const
    const all = new Schedules()
    const stories: string[] = []
    do {
      const played = await play({ ...world, ...(interruptions === undefined ? {} : { interruptions }) }, (options) =>
        all.choose(options),
      )
      expect(played.failure).toBeUndefined()
      if (played.isRedundant === undefined) stories.push(played.story().join('\n'))
    } while (all.next())
    return stories
  }

  it('has as many schedules as it has with whole commands, and more with each interruption, up to all', async () => {
    const counts: number[] = []
    for (let interruptions = 0; interruptions < 7; interruptions++) {
      const stories = await storiesOf(interruptions)
      counts.push(stories.length)
    }
    // Two nodes, an expiry and a restart in any order; and where a command has three turns, 8! / (3! 3!), but for those that are cut off.
    expect(counts[0]).toBe(24)
    expect(counts[0]).toBe((await storiesOf()).length)
    expect(counts).toEqual([...counts].sort((one, other) => one - other))
    expect(counts[1]).toBeGreaterThan(24)
    expect(counts.at(-1)).toBe(counts.at(-2))
    expect(counts.at(-1)).toBeLessThan(1_120)
  })

  it('tells each step that others came after', async () => {
    const stories = await storiesOf(1)
    const overtaken = stories.filter((story) =>
      /node-0 ← step 1.*\n.*node-1 ← step 1.*\n.*node-1 ← step 2.*\n.*node-1 ← granted/.test(story),
    )
    expect(overtaken.length).toBeGreaterThan(0)
  })
})
