import { describe, expect, it } from 'vitest'
import { conformanceOf } from '../../src/conformance/index.js'
import type { Fence } from '../../src/lease/index.js'
import { type BuiltInParts, defineSubject, type Subject } from '../../src/subject/index.js'
import waitsAFullTtl from '../corpus/n1-waits-a-full-ttl.js'
import lockDelay from '../corpus/n3-lock-delay.js'

const brokenOf = async (subject: Subject) =>
  (await conformanceOf(subject)).filter(({ verdict }) => verdict === 'broken').map(({ name }) => name)

type Under = { readonly fence: Fence }
/** What is asked under a fence, as if it were asked under the current one, for those fences that `takes` does. */
const lax =
  ({ spaces }: BuiltInParts, takes: (fence: Fence, current: Fence) => boolean) =>
  <C extends Under>(command: C): C => {
    const { fence } = command
    const lease = spaces.get(fence.space)?.record.lease
    if (lease === undefined) return command
    const { epoch, owner, token } = lease
    const current = { space: fence.space, epoch, owner, token }
    return takes(fence, current) ? { ...command, fence: current } : command
  }

const takingFences = (name: string, takes: (fence: Fence, current: Fence) => boolean): Subject =>
  defineSubject({
    name,
    core: ({ builtIn }) => {
      const { core } = builtIn
      const as = lax(builtIn, takes)
      return {
        ...core,
        renew: (command, nowMs) => core.renew(as(command), nowMs),
        release: (command, nowMs) => core.release(as(command), nowMs),
        validate: (command, nowMs) => core.validate(as(command), nowMs),
      }
    },
  })

/** By sentence, subjects that break it. */
const broken: Readonly<Record<string, readonly Subject[]>> = {
  'a token is needed, and that of the right epoch': [
    takingFences('takes no token', (fence) => fence.token === ''),
    takingFences('takes the beginning of a token', (fence, { token }) => fence.token === token.slice(0, -1)),
    takingFences('takes what begins with the token', (fence, { token }) => fence.token.startsWith(token)),
    defineSubject({
      name: 'releases for any token',
      core: ({ builtIn }) => ({
        ...builtIn.core,
        release: (command, nowMs) => builtIn.core.release(lax(builtIn, () => true)(command), nowMs),
      }),
    }),
  ],
  'an older fence of the same owner is refused': [
    takingFences('compares owners alone', (fence, { owner, epoch }) => fence.owner === owner && fence.epoch < epoch),
  ],
  'a write needs the token of its epoch': [
    defineSubject({
      name: 'truncates for any token',
      log: ({ builtIn }) => ({
        ...builtIn.log,
        truncate: (command, nowMs) => builtIn.log.truncate(lax(builtIn, () => true)(command), nowMs),
      }),
    }),
  ],
  'a checkpoint does not go back': [
    defineSubject({
      name: 'takes every checkpoint',
      log: ({ builtIn: { log, spaces } }) => ({
        ...log,
        checkpoint(command, nowMs) {
          const space = spaces.get(command.fence.space)
          if (space !== undefined) space.record = { ...space.record, log: { ...space.record.log, checkpointSeq: 0 } }
          return log.checkpoint(command, nowMs)
        },
      }),
    }),
  ],
  'a job that is put into the queue again, as the same request, is put there once': [
    defineSubject({
      name: 'puts every copy there',
      jobs({ builtIn: { jobs } }) {
        let copies = 0
        return { ...jobs, enqueue: (command, nowMs) => jobs.enqueue({ ...command, session: `${++copies}` }, nowMs) }
      },
    }),
  ],
  'a job is its taker’s for as long as it has asked, at an epoch higher than before': [
    defineSubject({
      name: 'halves the time',
      jobs: ({ builtIn: { jobs } }) => ({
        ...jobs,
        take: (command, nowMs) => jobs.take({ ...command, ttlMs: command.ttlMs >> 1 }, nowMs),
      }),
    }),
    defineSubject({
      name: 'has one epoch for all',
      jobs: ({ builtIn: { jobs } }) => ({
        ...jobs,
        take(command, nowMs) {
          const reply = jobs.take(command, nowMs)
          return reply.kind === 'taken' ? { ...reply, fence: { ...reply.fence, epoch: 1 } } : reply
        },
      }),
    }),
  ],
}

describe('conformance', () => {
  it.each(Object.entries(broken))('finds who breaks the sentence: %s', async (sentence, subjects) => {
    for (const subject of subjects) expect(await brokenOf(subject), subject.name).toContain(sentence)
  })

  it.each([
    waitsAFullTtl,
    lockDelay,
    defineSubject({
      name: 'cuts off whole segments',
      log: ({ builtIn: { log, spaces } }) => ({
        ...log,
        truncate(command, nowMs) {
          const covered = spaces.get(command.fence.space)?.record.log.checkpointSeq ?? 0
          const beforeSeq =
            command.beforeSeq > covered ? command.beforeSeq : command.beforeSeq - (command.beforeSeq % 4)
          return log.truncate({ ...command, beforeSeq }, nowMs)
        },
      }),
    }),
    defineSubject({
      name: 'numbers jobs from 1',
      jobs: ({ builtIn: { jobs } }) => ({
        ...jobs,
        enqueue(command, nowMs) {
          const reply = jobs.enqueue(command, nowMs)
          return reply.kind === 'enqueued' ? { ...reply, job: reply.job + 1 } : reply
        },
        take(command, nowMs) {
          const reply = jobs.take(command, nowMs)
          return reply.kind === 'taken' ? { ...reply, fence: { ...reply.fence, job: reply.fence.job + 1 } } : reply
        },
        complete: (command, nowMs) =>
          jobs.complete({ ...command, fence: { ...command.fence, job: command.fence.job - 1 } }, nowMs),
        fail: (command, nowMs) =>
          jobs.fail({ ...command, fence: { ...command.fence, job: command.fence.job - 1 } }, nowMs),
      }),
    }),
  ])('holds for a right design that is another: $name', async (subject) => {
    expect(await brokenOf(subject)).toEqual([])
  })
})
