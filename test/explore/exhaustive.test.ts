import { describe, expect, it } from 'vitest'
import { proveSchedules } from '../../src/explore/index.js'
import { builtInSubject, defineSubject } from '../../src/subject/index.js'
import comparesThenDeletes from '../corpus/x18-release-compares-then-deletes.js'
import checksFirst from '../corpus/x19-fence-checked-before-the-write.js'
import lockInMemory from '../corpus/x24-lock-in-the-memory-of-a-node.js'
import { locksInTwoSteps } from '../support/broken-subjects.js'

describe('every schedule of two nodes', () => {
  it('is run, but for those that differ from another in the order of steps that do nothing', async () => {
    // All orders of 2 × 4 steps of nodes and 3 of the world: 11! / 4! / 4!.
    expect(await proveSchedules({ nodes: 2, subject: builtInSubject })).toEqual({
      schedules: 63_900,
      equivalent: 69_300,
      awaited: false,
    })
  })

  it('is run until one breaks a rule, and no more are once nobody wants them', async () => {
    const grantsAll = defineSubject({
      name: 'grants all',
      core: ({ durable }) => {
        const granted = durable('granted', () => ({ times: 0 }))
        return {
          acquire({ space, owner, ttlMs }, nowMs) {
            return { kind: 'granted', fence: { space, owner, epoch: ++granted.times }, expiresAtMs: nowMs + ttlMs }
          },
        }
      },
    })
    const { failure } = await proveSchedules({ nodes: 2, subject: grantsAll })
    expect(failure).toMatchObject({ kind: 'breach', invariant: 'mutual-exclusion' })
    let asked = 0
    const stopped = await proveSchedules({ nodes: 2, subject: builtInSubject, goOn: () => ++asked <= 5 })
    expect(stopped).toEqual({ schedules: 5, equivalent: 5, stopped: true, awaited: false })
  })

  it('begins with those in which others come between the steps of a command, where it takes some', async () => {
    const released = await proveSchedules({ nodes: 2, subject: comparesThenDeletes })
    expect(released.failure).toMatchObject({ kind: 'breach', invariant: 'mutual-exclusion' })
    const { failure, schedules, interrupted } = await proveSchedules({ nodes: 2, subject: checksFirst })
    expect(failure).toMatchObject({ kind: 'breach', invariant: 'fenced-writes' })
    expect(schedules).toBe(0)
    expect(interrupted).toMatchObject({ interruptions: 1, complete: false })
    expect(failure?.story.join('\n')).toMatch(/step 1: append.*\n.*granted.*\n.*step 2: append.*\n.*appended/)
  })

  it('has no copies where nothing is sent, and all nodes forget at once', async () => {
    const made: string[] = []
    const subject = defineSubject({
      name: 'on nodes',
      runsOn: 'nodes',
      core({ builtIn, node }) {
        made.push(node.name)
        return builtIn.core
      },
    })
    // All orders of 2 × 4 steps of nodes and 2 of the world: 10! / 4! / 4!.
    const proof = await proveSchedules({ nodes: 2, subject })
    expect(proof).toMatchObject({ equivalent: 6_300 })
    expect(proof.failure).toBeUndefined()
    expect(new Set(made)).toEqual(new Set(['node-0', 'node-1', 'successor']))
  })

  it('finds what a crash between two steps leaves locked: whoever comes last is to be granted the space', async () => {
    const { failure } = await proveSchedules({ nodes: 2, subject: locksInTwoSteps })
    expect(failure).toMatchObject({
      kind: 'breach',
      invariant: 'takeover-bound',
      message: 'space-0 was not granted from 100 ms to 1600 ms, with successor asking',
    })
    expect(failure?.story.at(-1)).toMatch(/1600 ms {2}successor ← lease-held/)
    let asked = 0
    const others = { invariants: ['mutual-exclusion'], goOn: () => ++asked <= 200 }
    const proof = await proveSchedules({ nodes: 2, subject: locksInTwoSteps, ...others })
    expect([proof.failure, proof.stopped]).toEqual([undefined, true])
  })

  it('finds a lock in the memory of a node', async () => {
    const { failure } = await proveSchedules({ nodes: 2, subject: lockInMemory })
    expect(failure).toMatchObject({ kind: 'breach' })
  })

  it('says whether commands awaited something, while nothing else happened', async () => {
    const later = defineSubject({
      name: 'later',
      core: ({ builtIn }) => ({ ...builtIn.core, acquire: async (...asked) => builtIn.core.acquire(...asked) }),
    })
    let asked = 0
    const { awaited } = await proveSchedules({ nodes: 2, subject: later, goOn: () => ++asked <= 2 })
    expect(awaited).toBe(true)
  })
})
