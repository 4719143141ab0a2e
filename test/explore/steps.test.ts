import { describe, expect, it } from 'vitest'
import { explorationScenarios, leaseLifecycle } from '../../scenarios/index.js'
import { attempt, drawSwarm, exploreChunk, type Failure, shrink, storyOf } from '../../src/explore/index.js'
import type { Invariant } from '../../src/invariants/index.js'
import {
  type Answer,
  type CorePart,
  defineSubject,
  type Subject,
  type SubjectContext,
} from '../../src/subject/index.js'
import type { TraceEvent } from '../../src/trace/index.js'
import manyProcesses from '../corpus/n7-many-processes-on-one-store.js'
import decidesByRead from '../corpus/x17-acquire-decides-by-what-it-read.js'
import comparesThenDeletes from '../corpus/x18-release-compares-then-deletes.js'
import checksFirst from '../corpus/x19-fence-checked-before-the-write.js'

const maxEvents = 200_000

/** The built-in subject, with another acquire. */
const acquiring = (name: string, acquire: (context: SubjectContext) => CorePart['acquire']): Subject =>
  defineSubject({ name, core: (context) => ({ ...context.builtIn.core, acquire: acquire(context) }) })

async function eventsOf(subject: Subject, seed: number): Promise<readonly TraceEvent[]> {
  const events: TraceEvent[] = []
  await attempt(
    leaseLifecycle,
    drawSwarm(leaseLifecycle, seed),
    { subject, maxEvents },
    {
      listeners: [{ observe: (event) => void events.push({ ...event }) }],
    },
  )
  return events
}

async function firstFailure(subject: Subject, from = 0, seeds = 100): Promise<Failure> {
  const { failures } = await exploreChunk(explorationScenarios, { from, seeds, maxFailures: 1 }, { subject, maxEvents })
  expect(failures).toHaveLength(1)
  return failures[0] as Failure
}

describe('a subject that takes steps', () => {
  it('has each of them in the trace, as the next step of the command whose it is', async () => {
    for (const seed of [1, 2, 3]) {
      const events = await eventsOf(manyProcesses, seed)
      const stepped = events.filter(({ kind }) => kind === 'stepped')
      expect(stepped.length).toBeGreaterThan(100)
      const taken = new Map<string, Set<number>>()
      for (const { node, task, request, seq } of stepped) {
        const key = `${node}/${task}/${request}`
        const before = taken.get(key) ?? new Set()
        // A copy of a request is a command of its own, and counts from one again.
        if (seq > 1) expect(before, `${key} at step ${seq}`).toContain(seq - 1)
        taken.set(key, before.add(seq))
      }
    }
  })

  it('is answered at its last step, and the answer says since when it was asked', async () => {
    const events = await eventsOf(manyProcesses, 4)
    const grants = events.filter(({ kind, repeated }) => kind === 'granted' && !repeated)
    expect(grants.some(({ atMs, sinceMs }) => sinceMs < atMs)).toBe(true)
    for (const { index, atMs, sinceMs, node, request } of grants) {
      expect(sinceMs).toBeLessThanOrEqual(atMs)
      expect(events[index - 1]).toMatchObject({ kind: 'stepped', atMs, node, request })
    }
  })

  it('is not said to run as one step; one that awaits something else is', async () => {
    const awaitedBy = async (subject: Subject) =>
      (await exploreChunk([leaseLifecycle], { from: 1, seeds: 2, maxFailures: 9 }, { subject, maxEvents })).awaited
    const inSteps = acquiring(
      'in steps',
      ({ builtIn, step }) =>
        (command) =>
          step((nowMs) => builtIn.core.acquire(command, nowMs)),
    )
    const later = acquiring(
      'later',
      ({ builtIn }) =>
        async (...asked) =>
          builtIn.core.acquire(...asked),
    )
    expect([await awaitedBy(inSteps), await awaitedBy(later)]).toEqual([false, true])
  })

  it('is told as what it is when it decides on what is no answer, or on another than it gives', async () => {
    const wrong = acquiring('wrong', ({ builtIn, decided }) => async (command, nowMs) => {
      decided({ kind: 'grnated' } as never)
      return builtIn.core.acquire(command, nowMs)
    })
    expect(await firstFailure(wrong)).toMatchObject({
      kind: 'subject-fault',
      fault: 'wrong-shape',
      command: 'acquire',
      message: expect.stringContaining(`answered acquire with kind 'grnated'`),
    })
    const other = acquiring('other', ({ builtIn, step, decided }) => async (command, nowMs) => {
      const reply = builtIn.core.acquire(command, nowMs)
      await step(() => decided(reply))
      return { kind: 'stale-owner' }
    })
    expect(await firstFailure(other)).toMatchObject({
      kind: 'subject-fault',
      fault: 'wrong-shape',
      command: 'acquire',
      message: expect.stringMatching(
        /^subject "other" answered acquire with stale-owner where it had decided on (granted|lease-held): /,
      ),
    })
  })

  it.each([
    ['expiresAtMs', { expiresAtMs: 1_000_000 }],
    ['fence', { fence: { epoch: 77 } }],
  ])('is told which %s it has answered where it had decided on another', async (field, otherwise) => {
    const other = acquiring('other', ({ builtIn, step, decided }) => async (command, nowMs) => {
      const reply = decided(builtIn.core.acquire(command, nowMs))
      await step(() => undefined)
      return reply.kind === 'granted' ? { ...reply, ...otherwise } : reply
    })
    expect(await firstFailure(other)).toMatchObject({
      kind: 'subject-fault',
      message: expect.stringMatching(
        new RegExp(`^subject "other" answered acquire with ${field} .* where it had decided on `),
      ),
    })
  })

  it('may give the same answer with its fields in another order', async () => {
    const same = acquiring('same', ({ builtIn, step, decided }) => async (command, nowMs) => {
      const reply = decided(builtIn.core.acquire(command, nowMs))
      await step(() => undefined)
      if (reply.kind !== 'granted') return reply
      const { expiresAtMs, fence } = reply
      return { expiresAtMs, fence: { token: fence.token, epoch: fence.epoch }, kind: 'granted' }
    })
    const seeds = { from: 0, seeds: 20, maxFailures: 1 }
    expect((await exploreChunk([leaseLifecycle], seeds, { subject: same, maxEvents })).failures).toEqual([])
  })

  it('is told of a step within a step, of one outside of a command, and of what is none', async () => {
    const faults: readonly (readonly [Subject, string])[] = [
      [
        acquiring(
          'nested',
          ({ builtIn, step }) =>
            (command) =>
              step((nowMs) => step(() => builtIn.core.acquire(command, nowMs))),
        ),
        'subject "nested" threw on acquire: a step within a step: expected an access that takes none itself',
      ],
      [
        acquiring('early', ({ builtIn, step }) => {
          void step(() => undefined)
          return builtIn.core.acquire
        }),
        'subject "early" threw in core: a step outside of a command: expected it in what answers one, or with the command that it is of',
      ],
      [
        acquiring(
          'five',
          ({ step }) =>
            () =>
              step(5 as never),
        ),
        'subject "five" threw on acquire: a step that is of type number: expected a function that makes the access',
      ],
    ]
    for (const [subject, message] of faults) {
      expect(await firstFailure(subject)).toMatchObject({ kind: 'subject-fault', message })
    }
  })

  it('waits for whatever has a `then`, as query builders do', async () => {
    const thenable = acquiring(
      'thenable',
      ({ builtIn, step }) =>
        (command) =>
          step((nowMs) => {
            const reply = builtIn.core.acquire(command, nowMs)
            const then = (done: (answer: typeof reply) => void) => void setImmediate(() => done(reply))
            return Object.fromEntries([['then', then]]) as unknown as PromiseLike<typeof reply>
          }),
    )
    const seeds = { from: 0, seeds: 10, maxFailures: 1 }
    expect((await exploreChunk([leaseLifecycle], seeds, { subject: thenable, maxEvents })).failures).toEqual([])
  })

  it('knows whose step it is that waited for another, whether it was handed `step` or reaches for it later', async () => {
    const locking = (name: string, stepOf: (context: SubjectContext) => () => SubjectContext['step']): Subject =>
      acquiring(name, (context) => {
        const step = stepOf(context)
        let lock: Promise<unknown> = Promise.resolve()
        return async (command) => {
          await step()(() => undefined)
          const reply = lock.then(async () => {
            const answer = await step()((nowMs) => context.builtIn.core.acquire(command, nowMs))
            context.decided(answer)
            await step()(() => undefined)
            return answer
          })
          lock = reply
          return reply
        }
      })
    const handed = locking(
      'handed',
      ({ step }) =>
        () =>
          step,
    )
    const reaching = locking('reaching', (context) => () => context.step)
    for (const subject of [handed, reaching]) {
      const seeds = { from: 0, seeds: 120, maxFailures: 1 }
      expect((await exploreChunk([leaseLifecycle], seeds, { subject, maxEvents })).failures, subject.name).toEqual([])
    }
  })

  it('may have a loop of its own take the steps of others, if it says whose they are', async () => {
    const mailbox = (name: string, says: boolean): Subject =>
      acquiring(name, ({ builtIn, step, decided }) => {
        type Command = Parameters<CorePart['acquire']>[0]
        type Letter = { readonly command: Command; readonly answer: (reply: Promise<Answer>) => void }
        const letters: Letter[] = []
        let wake = (): void => undefined
        const loop = async (): Promise<void> => {
          for (;;) {
            const letter = letters.shift()
            if (letter === undefined) {
              await new Promise<void>((resolve) => {
                wake = resolve
              })
              continue
            }
            const { command, answer } = letter
            const of = says ? command : undefined
            const reply = (async () => {
              const reply = await step((nowMs) => decided(builtIn.core.acquire(command, nowMs), of), of)
              await step(() => undefined, of)
              return reply
            })()
            answer(reply)
            await reply.catch(() => undefined)
          }
        }
        void loop()
        return (command) =>
          new Promise<Answer>((answer) => {
            letters.push({ command, answer })
            wake()
          })
      })
    const seeds = { from: 0, seeds: 60, maxFailures: 1 }
    expect(
      (await exploreChunk([leaseLifecycle], seeds, { subject: mailbox('says', true), maxEvents })).failures,
    ).toEqual([])
    expect(await firstFailure(mailbox('says not', false))).toMatchObject({
      kind: 'subject-fault',
      message: expect.stringContaining('a step outside of a command'),
    })
  })

  it('is not blamed for a rule that throws at what it has decided', async () => {
    const brokenRule: Invariant = {
      name: 'broken-rule',
      rule: 'nothing',
      kinds: ['granted'],
      begin: () => ({
        step() {
          throw new Error('my rule is broken')
        },
      }),
    }
    const scenario = { ...leaseLifecycle, invariants: () => [brokenRule] }
    const decides = acquiring(
      'decides',
      ({ builtIn, step, decided }) =>
        async (command) =>
          step((nowMs) => decided(builtIn.core.acquire(command, nowMs))),
    )
    const seeds = { from: 0, seeds: 5, maxFailures: 1 }
    await expect(exploreChunk([scenario], seeds, { subject: decides, maxEvents })).rejects.toMatchObject({
      name: 'ScenarioAborted',
      message: expect.stringContaining('my rule is broken'),
    })
  })

  it('breaks no rule by what it does after it has decided', async () => {
    const tidies = (says: boolean) =>
      defineSubject({
        name: 'tidies up',
        core: ({ builtIn, step, decided }) => ({
          ...builtIn.core,
          async release(command) {
            const reply = await step((nowMs) => builtIn.core.release(command, nowMs))
            if (says) decided(reply)
            await step(() => undefined)
            return reply
          },
        }),
      })
    const seeds = { from: 0, seeds: 150, maxFailures: 1 }
    expect((await exploreChunk([leaseLifecycle], seeds, { subject: tidies(true), maxEvents })).failures).toEqual([])
    // Who does not say so is judged by its last step, when somebody else may have been granted what it has released.
    expect((await exploreChunk([leaseLifecycle], seeds, { subject: tidies(false), maxEvents })).failures).toMatchObject(
      [{ kind: 'breach', breach: { invariant: 'mutual-exclusion' } }],
    )
  })
})

describe('the story of commands that came between the steps of others', () => {
  it.each([
    ['a release', comparesThenDeletes, 'release'],
    ['a write', checksFirst, 'append'],
  ])('of %s tells the step after which they came', async (_what, subject, command) => {
    const failure = await firstFailure(subject)
    const { lines } = await storyOf(leaseLifecycle, failure, { subject, maxEvents })
    const story = lines.join('\n')
    const looked = story.indexOf(`← step 1: ${command}`)
    const granted = story.indexOf('← granted', looked)
    const done = story.search(new RegExp(`← (released|appended): ${command}[^\\n]*(\\n[^\\n]*){0,4}$`))
    expect(looked).toBeGreaterThan(-1)
    expect(granted).toBeGreaterThan(looked)
    expect(done).toBeGreaterThan(granted)
  })

  it('of a lease that is lost to a command that was refused tells where that one was overtaken', async () => {
    const subject = decidesByRead
    const { failure } = await shrink(leaseLifecycle, await firstFailure(subject, 1), { subject, maxEvents })
    const { lines } = await storyOf(leaseLifecycle, failure, { subject, maxEvents })
    expect(lines.join('\n')).toMatch(
      /← step 1: acquire of (space-\d) (#\d+)\n(.*\n)*.*← (queued|lease-held): acquire of \1 \2 /,
    )
  })
})
