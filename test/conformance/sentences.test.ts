import { describe, expect, it } from 'vitest'
import { conformanceOf } from '../../src/conformance/index.js'
import type { Fence } from '../../src/lease/index.js'
import type { Command } from '../../src/log/index.js'
import { memoryCore } from '../../src/stores/index.js'
import {
  type Answer,
  type BuiltInParts,
  type CorePart,
  defineSubject,
  type JobPart,
  type LogPart,
  type Subject,
} from '../../src/subject/index.js'
import { controls } from '../corpus/corpus.js'

const brokenOf = async (subject: Subject) =>
  (await conformanceOf(subject)).filter(({ verdict }) => verdict === 'broken').map(({ name }) => name)

/** The built-in parts, with other commands in one of them. */
const withCore = (name: string, other: (parts: BuiltInParts) => Partial<CorePart>): Subject =>
  defineSubject({ name, core: ({ builtIn }) => ({ ...builtIn.core, ...other(builtIn) }) })
const withLog = (name: string, other: (parts: BuiltInParts) => LogPart): Subject =>
  defineSubject({ name, log: ({ builtIn }) => ({ ...builtIn.log, ...other(builtIn) }) })
const withJobs = (name: string, other: (parts: BuiltInParts) => JobPart): Subject =>
  defineSubject({ name, jobs: ({ builtIn }) => ({ ...builtIn.jobs, ...other(builtIn) }) })

/** What `by` answers, and to a request that came before what `again` makes of it. */
function answering<C extends Command>(by: (command: C, nowMs: number) => Answer, again: (command: C) => Answer) {
  const seen = new Set<string>()
  return (command: C, nowMs: number): Answer => {
    const request = `${command.session} ${command.request}`
    if (seen.has(request)) return again(command)
    seen.add(request)
    return by(command, nowMs)
  }
}

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
  'epochs survive a restart of the store': [
    withCore('is closed later', () => ({ close: async () => undefined })),
    withCore('is not closed', () => ({ close: () => Promise.reject(new Error('disk full')) })),
  ],
  'an acquire that is sent again gets the same grant': [
    withCore('has the first grant for every copy', ({ core }) => {
      const first = new Map<string, Answer>()
      const acquire: CorePart['acquire'] = (command, nowMs) => {
        const reply = core.acquire(command, nowMs)
        if (reply.kind === 'granted' && !first.has(command.owner)) first.set(command.owner, reply)
        return reply
      }
      return { acquire: answering(acquire as () => Answer, ({ owner }) => first.get(owner) as Answer) }
    }),
  ],
  'a late copy of an older acquire takes no effect': [
    withCore('has no memory of requests', ({ core }) => {
      let copies = 0
      return { acquire: (command, nowMs) => core.acquire({ ...command, session: `${++copies}` }, nowMs) }
    }),
  ],
  'a late copy of an older renewal does not shorten the lease': [
    withCore('does again what it did', ({ core, spaces }) => {
      const ends = new Map<number, number>()
      return {
        renew(command, nowMs) {
          const expiresAtMs = ends.get(command.request)
          const space = spaces.get(command.fence.space)
          if (expiresAtMs === undefined || space === undefined) {
            const reply = core.renew(command, nowMs)
            if (reply.kind === 'renewed') ends.set(command.request, reply.expiresAtMs)
            return reply
          }
          space.record = { ...space.record, lease: { ...space.record.lease, expiresAtMs } }
          return { kind: 'renewed', expiresAtMs }
        },
      }
    }),
  ],
  'a release frees the space': [withCore('keeps what is released', () => ({ release: () => ({ kind: 'released' }) }))],
  'a claim is granted at the epoch it expects, after expiry': [
    withCore('gives who claims its own the fence of before', ({ core, spaces }) => ({
      claim(command, nowMs) {
        const space = spaces.get(command.space)
        const lease = space?.record.lease
        if (space === undefined || lease?.owner !== command.owner || lease.epoch !== command.expectedEpoch)
          return core.claim(command, nowMs)
        const expiresAtMs = nowMs + command.ttlMs
        space.record = { ...space.record, lease: { ...lease, expiresAtMs } }
        const { epoch, token } = lease
        return { kind: 'granted', fence: { epoch, token }, expiresAtMs }
      },
    })),
  ],
  'validate tells a fence that holds from one that does not': [
    withCore('has its answers from a cache', ({ core }) => {
      const known = new Map<string, number>()
      return {
        validate(command, nowMs) {
          const expiresAtMs = known.get(command.fence.token) ?? 0
          if (nowMs < expiresAtMs) return { kind: 'valid', expiresAtMs }
          const reply = core.validate(command, nowMs)
          if (reply.kind === 'valid') known.set(command.fence.token, reply.expiresAtMs)
          return reply
        },
      }
    }),
  ],
  'an append that is sent again is appended once': [
    withLog('has seq 0 for every copy', ({ log }) => ({
      append: answering(log.append as () => Answer, () => ({ kind: 'appended', seq: 0 })),
    })),
  ],
  'what was appended is read back': [
    withLog('keeps the last ten', ({ log, spaces }) => ({
      read(command, nowMs) {
        const { nextSeq = 0 } = spaces.get(command.space)?.record.log ?? {}
        return command.fromSeq < nextSeq - 10 ? { kind: 'compacted' } : log.read(command, nowMs)
      },
    })),
    withLog('has pages with nothing on them', ({ log }) => ({
      read: (command, nowMs) => log.read(command.fromSeq > 4 ? { ...command, limit: 0 } : command, nowMs),
    })),
  ],
  'the latest checkpoint is loaded as it was made, and survives a restart': [
    withLog('says another seq', ({ log }) => ({
      checkpoint(command, nowMs) {
        const reply = log.checkpoint(command, nowMs)
        return reply.kind === 'checkpointed' ? { ...reply, nextSeq: reply.nextSeq + 1 } : reply
      },
    })),
  ],
  'a checkpoint covers nothing that was not appended': [
    withLog('refuses what it has kept', ({ log }) => {
      let refused: number | undefined
      return {
        checkpoint(command, nowMs) {
          const reply = log.checkpoint(command, nowMs)
          if (reply.kind === 'ahead-of-log') refused = command.nextSeq
          return reply
        },
        load(command, nowMs) {
          const reply = log.load(command, nowMs)
          if (reply.kind !== 'loaded' || refused === undefined) return reply
          return { kind: 'loaded', nextSeq: reply.nextSeq, checkpoint: { nextSeq: refused, state: 0 } }
        },
      }
    }),
    withLog('covers what there is', ({ log, spaces }) => ({
      checkpoint(command, nowMs) {
        const { nextSeq = 0 } = spaces.get(command.fence.space)?.record.log ?? {}
        return log.checkpoint({ ...command, nextSeq: Math.min(command.nextSeq, nextSeq) }, nowMs)
      },
    })),
  ],
  'a write is refused from an owner of the past': [
    withLog('takes it for the current owner’s', (parts) => ({
      checkpoint: (command, nowMs) => parts.log.checkpoint(lax(parts, () => true)(command), nowMs),
    })),
  ],
  'only what a checkpoint covers is truncated': [
    withLog('says that it has cut off what it has not', ({ log }) => ({
      truncate(command, nowMs) {
        const reply = log.truncate(command, nowMs)
        return reply.kind === 'checkpoint-mismatch' ? { kind: 'truncated', firstSeq: command.beforeSeq } : reply
      },
    })),
    withLog('cuts off all, and says it has not', ({ log, spaces }) => ({
      truncate(command, nowMs) {
        const space = spaces.get(command.fence.space)
        if (command.beforeSeq < 3 || space === undefined) return log.truncate(command, nowMs)
        const { lease, log: kept } = space.record
        space.record = { lease, log: { ...kept, checkpointSeq: 3 } }
        log.truncate(command, nowMs)
        return { kind: 'truncated', firstSeq: 2 }
      },
    })),
  ],
  'a take that is sent again, as the same request, hands out no second job': [
    withJobs('hands out one for every copy', ({ jobs }) => {
      let copies = 0
      return { take: (command, nowMs) => jobs.take({ ...command, session: `${++copies}` }, nowMs) }
    }),
    withJobs('has none for a copy', ({ jobs }) => ({
      take: answering(jobs.take as () => Answer, () => ({ kind: 'idle' })),
    })),
  ],
  'a job is completed once, by its latest taker': [
    withJobs('has every copy done', ({ jobs }) => ({
      complete: answering(jobs.complete as () => Answer, () => ({ kind: 'completed' })),
    })),
  ],
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
    withLog('says that it took what it did not', ({ log }) => ({
      checkpoint(command, nowMs) {
        const reply = log.checkpoint(command, nowMs)
        return reply.kind === 'checkpoint-mismatch' ? { kind: 'checkpointed', nextSeq: command.nextSeq } : reply
      },
    })),
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
    ...controls.map(([, subject]) => subject),
    withCore('grants what is free after nine TTLs', ({ core, spaces }) => {
      const free = new Map<string, number>()
      return {
        acquire(command, nowMs) {
          const { epoch, expiresAtMs } = spaces.get(command.space)?.record.lease ?? { epoch: 0, expiresAtMs: 0 }
          const since = free.get(`${command.space} ${epoch}`) ?? nowMs
          if (nowMs < expiresAtMs) return core.acquire(command, nowMs)
          free.set(`${command.space} ${epoch}`, since)
          return nowMs < since + 900 ? { kind: 'lease-held' } : core.acquire(command, nowMs)
        },
      }
    }),
    withLog('keeps what is newer, and says so', ({ log }) => ({
      checkpoint(command, nowMs) {
        const reply = log.checkpoint(command, nowMs)
        return reply.kind === 'checkpoint-mismatch' ? { kind: 'checkpointed', nextSeq: reply.checkpointSeq } : reply
      },
      truncate(command, nowMs) {
        const reply = log.truncate(command, nowMs)
        if (reply.kind !== 'checkpoint-mismatch') return reply
        return log.truncate({ ...command, session: 'itself', beforeSeq: reply.checkpointSeq }, nowMs)
      },
    })),
    withLog('cuts off what is covered, whatever was asked', ({ log, spaces }) => ({
      truncate(command, nowMs) {
        const { checkpointSeq = 0 } = spaces.get(command.fence.space)?.record.log ?? {}
        return log.truncate({ ...command, beforeSeq: Math.max(command.beforeSeq, checkpointSeq) }, nowMs)
      },
    })),
    withLog('has short pages, and does not say where the head is', ({ log }) => ({
      read(command, nowMs) {
        const reply = log.read({ ...command, limit: 3 }, nowMs)
        return reply.kind === 'events' ? { kind: 'events', events: reply.events } : reply
      },
    })),
    withJobs('refuses every copy', ({ jobs }) => ({
      take: answering(jobs.take as () => Answer, () => ({ kind: 'superseded' })),
    })),
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

  it('says nothing of the contract but that a subject keeps something from run to run', async () => {
    const locks = new Map<string, { epoch: number; expiresAtMs: number }>()
    const subject = defineSubject({
      name: 'in the module',
      core: () => ({
        acquire({ space, ttlMs }, nowMs) {
          const lock = locks.get(space)
          if (lock !== undefined && nowMs < lock.expiresAtMs) return { kind: 'lease-held' }
          const next = { epoch: (lock?.epoch ?? 0) + 1, expiresAtMs: nowMs + ttlMs }
          locks.set(space, next)
          return { kind: 'granted', fence: { epoch: next.epoch }, expiresAtMs: next.expiresAtMs }
        },
      }),
    })
    const [first, ...others] = await conformanceOf(subject)
    expect(first).toEqual({
      name: 'a free space is granted',
      verdict: 'broken',
      message:
        'the subject is not deterministic, or keeps something from run to run: the same went another way the second time: ' +
        'first acquire at 10 ms: granted, then acquire at 10 ms: lease-held',
    })
    expect(new Set(others.map(({ verdict }) => verdict))).toEqual(new Set(['skipped']))
  })

  it('tries what is on a store of ours once, and looks at the tokens of another', async () => {
    let opened = 0
    const store: Subject['store'] = (mint) => {
      opened += 1
      return memoryCore(mint)
    }
    const results = await conformanceOf({ name: 'stored', store })
    expect(opened).toBe(results.length + 2)
  })
})
