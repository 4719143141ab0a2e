import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { explorationScenarios } from '../../scenarios/index.js'
import { exploreChunk, type Failure } from '../../src/explore/index.js'
import type { JobFence } from '../../src/jobs/index.js'
import { resolveParameters } from '../../src/scenario/index.js'
import { builtInSubject, defineSubject, type Subject } from '../../src/subject/index.js'
import { controls, mutants } from './corpus.js'

/** What is wrong with each mutant, as the rules that it may break first. */
const expected: Readonly<Record<string, readonly string[]>> = {
  // It takes a forged token as well as an old epoch.
  p01: ['fenced-writes', 'genuine-tokens'],
  p02: ['mutual-exclusion', 'fenced-writes'],
  p03: ['mutual-exclusion', 'fenced-writes', 'writes-accepted'],
  p04: ['mutual-exclusion', 'fenced-writes', 'genuine-tokens'],
  p05: ['mutual-exclusion', 'fenced-writes'],
  p06: ['takeover-bound', 'fenced-writes'],
  p07: ['exclusive-belief'],
  p08: ['mutual-exclusion', 'fenced-writes'],
  p09: ['exclusive-belief'],
  p10: ['epochs-grow'],
  p11: ['fenced-writes'],
  p12: ['epochs-grow'],
  p13: ['exclusive-belief'],
  p14: ['takeover-bound'],
  p15: ['takeover-bound', 'service-order'],
  p16: ['bounded-attempts'],
  p17: ['bounded-attempts'],
  p18: ['fair-jobs'],
  p19: ['replay-equals-state', 'checkpoint-covered', 'acknowledged-kept', 'fenced-writes'],
  p20: ['replay-equals-state', 'checkpoint-covered', 'acknowledged-kept', 'fenced-writes', 'genuine-tokens'],
  p21: ['replay-equals-state', 'checkpoint-covered', 'acknowledged-kept', 'fenced-writes'],
  p22: ['acknowledged-kept', 'checkpoint-covered'],
  p23: ['acknowledged-kept', 'contiguous-log'],
  p24: ['effect-once', 'genuine-tokens', 'fair-jobs'],
  x01: ['genuine-tokens'],
  x02: ['effect-once'],
  x03: ['contiguous-log'],
  x04: ['valid-means-held', 'genuine-tokens'],
  x05: ['acknowledged-kept'],
  x06: ['valid-means-held'],
  x07: ['exclusive-belief'],
  x08: ['checkpoint-covered'],
  x09: ['epochs-grow'],
  x10: ['effect-once'],
  x11: ['writes-accepted'],
  x12: ['fenced-writes', 'genuine-tokens'],
  x13: ['service-order'],
  x14: ['epochs-grow'],
  x15: ['fenced-writes'],
  x16: ['fair-jobs'],
  // Between two steps of one command, those of another.
  x17: ['mutual-exclusion', 'epochs-grow', 'fenced-writes', 'service-order', 'valid-means-held'],
  x18: ['mutual-exclusion', 'fenced-writes', 'writes-accepted'],
  x19: ['fenced-writes'],
  // Whoever had the first step late gives its TTL to the lease of another.
  x20: ['takeover-bound', 'mutual-exclusion', 'fenced-writes'],
  x21: ['epochs-grow'],
  x22: ['epochs-grow', 'fair-jobs', 'effect-once'],
  // On nodes that are paused, of which each has a memory of its own, and that lose it.
  x23: ['fenced-writes'],
  x24: ['takeover-bound', 'mutual-exclusion', 'epochs-grow', 'fenced-writes', 'service-order', 'valid-means-held'],
  x25: ['epochs-grow', 'mutual-exclusion'],
  // Where accesses have no answer.
  x26: ['effect-once'],
  x27: ['takeover-bound', 'no-starvation'],
}

/** Each rule, and the mutants that it tells from a right subject on its own. */
const catches: Readonly<Record<string, readonly string[]>> = {
  'mutual-exclusion': ['p02', 'p03', 'p05', 'p08', 'x17', 'x18', 'x24'],
  'exclusive-belief': ['p07', 'p09', 'p13', 'x07'],
  'epochs-grow': ['p10', 'p12', 'x09', 'x14', 'x21', 'x22', 'x25'],
  'fenced-writes': ['p01', 'p04', 'p11', 'p20', 'x12', 'x15', 'x19', 'x23'],
  'genuine-tokens': ['x01'],
  'contiguous-log': ['x03'],
  'acknowledged-kept': ['p22', 'p23', 'x05'],
  'replay-equals-state': ['p19', 'p21'],
  'checkpoint-covered': ['p20', 'x08'],
  'effect-once': ['x02', 'p24', 'x10', 'x26'],
  'bounded-attempts': ['p16', 'p17'],
  'takeover-bound': ['p06', 'p14', 'p15', 'x20', 'x27'],
  'no-starvation': ['p14', 'p15'],
  'fair-jobs': ['p18', 'x16'],
  'service-order': ['x13'],
  'valid-means-held': ['x04', 'x06'],
  'writes-accepted': ['x11'],
}

const WITHIN_SEEDS = 1_000
/** From the first seed on, from one in the middle, and up to the last that there is. */
const starts = [0, 100_000, 0xffff_ffff - WITHIN_SEEDS]

const bugs: Readonly<Record<string, Subject>> = Object.fromEntries(mutants)
const rightOnes: Readonly<Record<string, Subject>> = Object.fromEntries(controls)

/** The ids of the files of the corpus that hold a subject. */
const idsInFiles = readdirSync(import.meta.dirname)
  .filter((file) => /^[a-z]\d+-.*\.ts$/.test(file))
  .map((file) => file.slice(0, file.indexOf('-')))

function bug(id: string): Subject {
  const subject = bugs[id]
  if (subject === undefined) throw new Error(`there is no ${id} in the corpus`)
  return subject
}

/** The first failure within `seeds` seeds. */
async function firstFailure(
  subject: Subject,
  from: number,
  seeds: number,
  invariants?: readonly string[],
): Promise<Failure | undefined> {
  const options = { subject, maxEvents: 200_000, ...(invariants === undefined ? {} : { invariants }) }
  const { failures } = await exploreChunk(explorationScenarios, { from, seeds, maxFailures: 1 }, options)
  return failures[0]
}

const brokenIn = (failure: Failure | undefined): string | undefined =>
  failure?.kind === 'breach' ? failure.breach.invariant : failure?.kind

describe('a bug that somebody has had', () => {
  it('is here when it has a file, and in the table of what to expect', () => {
    expect([...Object.keys(bugs), ...Object.keys(rightOnes)].sort()).toEqual(idsInFiles.sort())
    expect(Object.keys(expected)).toEqual(Object.keys(bugs))
  })

  it.each(Object.entries(bugs))('%s is found within 1,000 seeds, by the rule that it breaks', async (id, subject) => {
    // Of our own, `npm run corpus` tries as many as of the others.
    for (const from of id.startsWith('p') ? starts : starts.slice(0, 1)) {
      expect(expected[id], `from seed ${from}`).toContain(brokenIn(await firstFailure(subject, from, WITHIN_SEEDS)))
    }
  })
})

describe('a rule', () => {
  const names = explorationScenarios.flatMap((scenario) =>
    scenario.invariants(resolveParameters(scenario.parameters)).map(({ name }) => name),
  )

  it('is in the table of what catches what, whichever it is', () => {
    expect(Object.keys(catches).sort()).toEqual([...new Set(names)].sort())
    for (const id of Object.keys(expected)) expect(Object.values(catches).flat()).toContain(id)
  })

  it.each(Object.entries(catches).flatMap(([name, ids]) => ids.map((id) => [name, id] as const)))(
    '%s catches %s when it is judged alone',
    async (name, id) => {
      const failure = await firstFailure(bug(id), 0, WITHIN_SEEDS, [name])
      expect(brokenIn(failure)).toBe(name)
    },
  )
})

describe('what is odd but right', () => {
  const SEEDS = 300

  /** They take steps, which takes longer. */
  const slow = ['n7', 'n8', 'n9', 'n10']

  it.each(Object.entries(rightOnes))('%s breaks nothing', async (id, subject) => {
    expect(await firstFailure(subject, 0, slow.includes(id) ? SEEDS / 5 : SEEDS)).toBeUndefined()
  })

  it('a queue without tokens breaks nothing, though it takes a fence with one that was made up', async () => {
    const subject = defineSubject({
      name: 'no tokens',
      jobs: ({ builtIn: { jobs }, mint }) => {
        const shown = <F extends JobFence>({ ...fence }: F) => ({
          ...fence,
          token: mint(`${fence.space} job ${fence.job}`, fence.owner, fence.epoch),
        })
        return {
          ...jobs,
          take(command, nowMs) {
            const reply = jobs.take(command, nowMs)
            return reply.kind === 'taken' ? { ...reply, fence: { ...reply.fence, token: '' } } : reply
          },
          complete: (command, nowMs) => jobs.complete({ ...command, fence: shown(command.fence) }, nowMs),
          fail: (command, nowMs) => jobs.fail({ ...command, fence: shown(command.fence) }, nowMs),
        }
      },
    })
    expect(await firstFailure(subject, 700, SEEDS)).toBeUndefined()
  })

  it('the built-in subject breaks nothing', async () => {
    expect(await firstFailure(builtInSubject, 0, SEEDS)).toBeUndefined()
  })
})
