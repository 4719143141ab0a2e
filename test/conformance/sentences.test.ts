import { describe, expect, it } from 'vitest'
import { conformanceOf } from '../../src/conformance/index.js'
import type { Job, JobFence } from '../../src/jobs/index.js'
import type { Acquire, Fence, Granted, Release, Renew } from '../../src/lease/index.js'
import type { Append } from '../../src/log/index.js'
import type { Command } from '../../src/protocol/index.js'
import { memoryCore, type StoredSpace, storedSpace } from '../../src/stores/index.js'
import {
  type Answer,
  type BuiltInParts,
  type CorePart,
  defineSubject,
  type JobPart,
  type LogPart,
  type Subject,
  type SubjectContext,
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

/** The built-in core, with other grants. */
const granting = (name: string, other: (granted: Granted, command: Acquire, context: SubjectContext) => Answer) =>
  defineSubject({
    name,
    core: (context) => ({
      ...context.builtIn.core,
      acquire(command, nowMs) {
        const reply = context.builtIn.core.acquire(command, nowMs)
        return reply.kind === 'granted' ? other(reply, command, context) : reply
      },
    }),
  })

/** The built-in core, to which `change` makes of every acquire another. */
const acquiringAs = (name: string, change: (command: Acquire) => Partial<Acquire>): Subject =>
  withCore(name, ({ core }) => ({
    acquire(command, nowMs) {
      const reply = core.acquire({ ...command, ...change(command) }, nowMs)
      if (reply.kind !== 'granted') return reply
      const { epoch, token } = reply.fence
      return { ...reply, fence: { epoch, token } }
    },
  }))

/** The built-in log, to which `change` makes of every append another. */
const appending = (name: string, change: (command: Append) => Partial<Append>): Subject =>
  withLog(name, ({ log }) => ({ append: (command, nowMs) => log.append({ ...command, ...change(command) }, nowMs) }))

/** What is answered under a lease that has run out, or was released, as if it had not. */
function asIfLive({ spaces }: BuiltInParts, { fence }: Under, nowMs: number, answer: () => Answer): Answer {
  const space = spaces.get(fence.space)
  if (space === undefined) return answer()
  const { lease, log } = space.record
  space.record = { lease: { ...lease, expiresAtMs: Math.max(lease.expiresAtMs, nowMs + 1) }, log }
  const reply = answer()
  if (reply.kind !== 'renewed') space.record = { lease, log: space.record.log }
  return reply
}

/**
 * After a restart of the store a lease ends when it would have ended before it was renewed or released, for one in `oneIn` of
 * these.
 */
const endingInMemory = (name: string, kind: 'renew' | 'release', oneIn = 1): Subject =>
  defineSubject({
    name,
    core({ builtIn: { core, spaces }, durable }) {
      const ends = durable('ends', () => new Map<string, number>())
      const asked = durable('asked', () => ({ times: 0 }))
      for (const [space, expiresAtMs] of ends) {
        const stored = storedSpace(spaces, space)
        stored.record = { ...stored.record, lease: { ...stored.record.lease, expiresAtMs } }
      }
      return {
        ...core,
        [kind](command: Renew | Release, nowMs: number): Answer {
          const { space } = command.fence
          asked.times += 1
          if (asked.times % oneIn === 0) ends.set(space, storedSpace(spaces, space).record.lease.expiresAtMs)
          else ends.delete(space)
          return core[kind](command as never, nowMs)
        },
      }
    },
  })

type UnderJob = { readonly fence: JobFence }
const jobUnder = ({ spaces }: BuiltInParts, { fence }: UnderJob): Job | undefined =>
  spaces.get(fence.space)?.jobs.jobs[fence.job]

/** What is asked under the fence of a job, with what `taking` makes of it. */
const under =
  (parts: BuiltInParts, taking: (job: Job, fence: JobFence) => Partial<JobFence>) =>
  <C extends UnderJob>(command: C): C => {
    const job = jobUnder(parts, command)
    return job === undefined ? command : { ...command, fence: { ...command.fence, ...taking(job, command.fence) } }
  }

const completingUnder = (name: string, taking: (job: Job, fence: JobFence) => Partial<JobFence>): Subject =>
  withJobs(name, (parts) => ({
    complete: (command, nowMs) => parts.jobs.complete(under(parts, taking)(command), nowMs),
  }))

/** By sentence, subjects that break it. */
const broken: Readonly<Record<string, readonly Subject[]>> = {
  'a live lease is not granted to another': [
    withCore('says that it is the asker’s', ({ core }) => ({
      acquire(command, nowMs) {
        const reply = core.acquire(command, nowMs)
        return reply.kind === 'lease-held' ? { ...reply, owner: command.owner } : reply
      },
    })),
    withCore('says that it ends at once', ({ core }) => ({
      acquire(command, nowMs) {
        const reply = core.acquire(command, nowMs)
        return reply.kind === 'lease-held' ? { ...reply, expiresAtMs: nowMs } : reply
      },
    })),
    withCore('keeps ends in 32 bits', ({ core, spaces }) => ({
      acquire(command, nowMs) {
        const space = spaces.get(command.space)
        const { lease, log } = space?.record ?? {}
        if (space && lease && log && (nowMs | 0) >= (lease.expiresAtMs | 0))
          space.record = { lease: { ...lease, expiresAtMs: Math.min(lease.expiresAtMs, nowMs) }, log }
        return core.acquire(command, nowMs)
      },
    })),
  ],
  'a lease lasts for as long as was asked, to the millisecond': [
    acquiringAs('rounds up', ({ ttlMs }) => ({ ttlMs: Math.ceil(ttlMs / 50) * 50 })),
    acquiringAs('rounds down', ({ ttlMs }) => ({ ttlMs: ttlMs - (ttlMs % 1_000) || ttlMs })),
  ],
  'every grant to another has a higher epoch': [
    granting('counts in a byte', ({ fence, ...reply }) => ({
      ...reply,
      fence: { ...fence, epoch: fence.epoch % 256 || 1 },
    })),
  ],
  'spaces are told apart, however alike their names': [
    acquiringAs('has names in lower case', ({ space }) => ({ space: space.toLowerCase() })),
    acquiringAs('has names of files', ({ space }) => ({ space: space.replace('/', '_') })),
    acquiringAs('trims names', ({ space }) => ({ space: space.trim() })),
    acquiringAs('composes names', ({ space }) => ({ space: space.normalize() })),
    acquiringAs('cuts names', ({ space }) => ({ space: space.slice(0, 63) })),
  ],
  'owners and sessions are told apart, however alike their names': [
    acquiringAs('has owners in lower case', ({ owner }) => ({ owner: owner.toLowerCase() })),
    acquiringAs('joins session and request', ({ session, request }) => ({
      session: `${session}${request}`,
      request: 1,
    })),
  ],
  'a fence holds through a restart of the store, or its owner gets another': [
    defineSubject({
      name: 'has other tokens after every restart',
      core({ builtIn }) {
        for (const space of builtIn.spaces.values()) {
          const { lease, log } = space.record
          space.record = { lease: { ...lease, token: `${lease.token}!` }, log }
        }
        return builtIn.core
      },
    }),
  ],
  'a live lease survives a restart of the store': [
    endingInMemory('has renewed in memory', 'renew'),
    endingInMemory('has renewed in memory now and then', 'renew', 3),
  ],
  'a release survives a restart of the store': [endingInMemory('has released in memory', 'release')],
  'a renewal or a release that is sent again is answered as before': [
    withCore('refuses copies of a renewal', ({ core }) => ({
      renew: answering(core.renew as () => Answer, () => ({ kind: 'stale-owner' })),
    })),
    withCore('refuses copies of a release', ({ core }) => ({
      release: answering(core.release as () => Answer, () => ({ kind: 'superseded' })),
    })),
    withCore('tells copies of a renewal another end', ({ core }) => ({
      renew(command, nowMs) {
        const reply = core.renew(command, nowMs)
        return reply.kind === 'renewed' ? { ...reply, expiresAtMs: nowMs + command.ttlMs } : reply
      },
    })),
  ],
  'a token is of one space and one epoch, and cannot be guessed from their names': [
    granting('has tokens of epochs', ({ fence, ...reply }, { owner }, { mint }) => ({
      ...reply,
      fence: { ...fence, token: mint('', owner, fence.epoch) },
    })),
    granting('has tokens of owners', ({ fence, ...reply }, { space, owner }, { mint }) => ({
      ...reply,
      fence: { ...fence, token: mint(space, owner, 0) },
    })),
    granting('has tokens that anybody knows', ({ fence, ...reply }, { space, owner }) => ({
      ...reply,
      fence: { ...fence, token: `${space}:${owner}:${fence.epoch}` },
    })),
  ],
  'an owner of the past is refused': [
    takingFences('knows no past', (fence, { epoch }) => fence.epoch < epoch),
    withCore('calls the past valid', (parts) => ({
      validate: (command, nowMs) => parts.core.validate(lax(parts, () => true)(command), nowMs),
    })),
  ],
  'who names an epoch without owning it is refused': [
    takingFences(
      'does not compare owners',
      (fence, { epoch, token }) => fence.epoch === epoch && fence.token === token,
    ),
    takingFences('takes epochs of the future', (fence, { epoch }) => fence.epoch > epoch),
  ],
  'a lease that has run out is neither renewed nor written under': [
    withCore('renews what has run out', (parts) => ({
      renew: (command, nowMs) => asIfLive(parts, command, nowMs, () => parts.core.renew(command, nowMs)),
    })),
  ],
  'a lease that was released is neither renewed nor written under': [
    withCore('renews what was released', (parts) => {
      const released = new Set<number>()
      return {
        release(command, nowMs) {
          released.add(command.fence.epoch)
          return parts.core.release(command, nowMs)
        },
        renew(command, nowMs) {
          const renew = () => parts.core.renew(command, nowMs)
          return released.has(command.fence.epoch) ? asIfLive(parts, command, nowMs, renew) : renew()
        },
      }
    }),
  ],
  'epochs survive a long silence': [
    granting(
      'counts anew when nobody has asked for a day',
      (() => {
        const DAY_MS = 24 * 3_600_000
        return (granted, _command, { durable }) => {
          const silent = durable('silent', () => ({ epoch: 0, lastMs: 0, before: 0 }))
          if (granted.grantedAtMs > silent.lastMs + DAY_MS) silent.before = granted.fence.epoch - 1
          silent.lastMs = granted.grantedAtMs
          const { token, epoch } = granted.fence
          return { ...granted, fence: { token, epoch: epoch - silent.before } }
        }
      })(),
    ),
  ],
  'of several leases of one owner none is released, renewed or ended with another': [
    withCore('releases all that its owner has', ({ core, spaces }) => ({
      release(command, nowMs) {
        for (const space of spaces.values()) {
          const { lease, log } = space.record
          if (lease.owner === command.fence.owner)
            space.record = { lease: { ...lease, expiresAtMs: Math.min(nowMs, lease.expiresAtMs) }, log }
        }
        return core.release(command, nowMs)
      },
    })),
    withCore('keeps alive all that its owner has', ({ core, spaces }) => ({
      renew(command, nowMs) {
        const reply = core.renew(command, nowMs)
        if (reply.kind !== 'renewed') return reply
        for (const space of spaces.values()) {
          const { lease, log } = space.record
          if (lease.owner === command.fence.owner && nowMs < lease.expiresAtMs)
            space.record = { lease: { ...lease, expiresAtMs: Math.max(lease.expiresAtMs, reply.expiresAtMs) }, log }
        }
        return reply
      },
    })),
  ],
  'a session that begins anew counts its requests anew': [
    withCore('takes owners for sessions', ({ core }) => ({
      acquire: (command, nowMs) => core.acquire({ ...command, session: command.owner }, nowMs),
    })),
  ],
  'a renewal is for as long as it asks, whatever was granted before': [
    withCore('renews for as long as it has granted', ({ core, spaces }) => {
      const granted = new Map<string, number>()
      return {
        acquire(command, nowMs) {
          const reply = core.acquire(command, nowMs)
          if (reply.kind === 'granted') granted.set(command.space, command.ttlMs)
          return reply
        },
        renew(command, nowMs) {
          const { lease } = storedSpace(spaces, command.fence.space).record
          const ttlMs = granted.get(command.fence.space) ?? lease.expiresAtMs - lease.grantedAtMs
          return core.renew({ ...command, ttlMs }, nowMs)
        },
      }
    }),
  ],
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
    withCore('tells copies another end', ({ core }) => ({
      acquire(command, nowMs) {
        const reply = core.acquire(command, nowMs)
        return reply.kind === 'granted' ? { ...reply, expiresAtMs: nowMs + command.ttlMs } : reply
      },
    })),
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
    withCore('has it last longer', ({ core }) => ({
      validate(command, nowMs) {
        const reply = core.validate(command, nowMs)
        return reply.kind === 'valid' ? { ...reply, expiresAtMs: reply.expiresAtMs + 10_000 } : reply
      },
    })),
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
  'a log keeps as many events as are appended, and knows the first of them again': [
    withLog('remembers a hundred requests', ({ log }) => {
      const remembered: string[] = []
      let sessions = 0
      return {
        append(command, nowMs) {
          const request = `${command.session} ${command.request}`
          if (remembered.includes(request)) return log.append(command, nowMs)
          remembered.push(request)
          if (remembered.length > 100) remembered.shift()
          return log.append({ ...command, session: `${++sessions}` }, nowMs)
        },
      }
    }),
    defineSubject({
      name: 'reads its segments in the order of their names',
      log({ builtIn: { log }, durable }) {
        const opened = durable('opened', () => ({ times: 0 }))
        opened.times += 1
        return {
          ...log,
          read(command, nowMs) {
            const reply = log.read(command, nowMs)
            if (reply.kind !== 'events' || opened.times === 1 || command.fromSeq < 80) return reply
            return { ...reply, events: reply.events.map(({ seq, type }) => ({ seq, type, payload: seq - 80 })) }
          },
        }
      },
    }),
  ],
  'a log and its checkpoint survive a long silence': [
    withLog('forgets checkpoints after a week', ({ log, spaces }) => {
      let lastMs = 0
      return {
        append(command, nowMs) {
          lastMs = nowMs
          return log.append(command, nowMs)
        },
        load(command, nowMs) {
          const space = spaces.get(command.space)
          if (space !== undefined && nowMs > lastMs + 7 * 24 * 3_600_000) space.checkpoint = undefined
          return log.load(command, nowMs)
        },
      }
    }),
  ],
  'an acknowledged append survives a restart of the store': [
    defineSubject({
      name: 'syncs two appends of three',
      log({ builtIn: { log, spaces }, durable }) {
        const unsynced = durable('unsynced', () => new Map<string, StoredSpace>())
        for (const [name, before] of unsynced) spaces.set(name, before)
        unsynced.clear()
        return {
          ...log,
          append(command, nowMs) {
            const { space } = command.fence
            const before = { ...storedSpace(spaces, space), events: [...storedSpace(spaces, space).events] }
            const reply = log.append(command, nowMs)
            if (reply.kind === 'appended' && reply.seq % 3 === 2) unsynced.set(space, before)
            else unsynced.delete(space)
            return reply
          },
        }
      },
    }),
  ],
  'a write is refused after expiry': [
    withLog('has whoever writes hold on', ({ log, spaces }) => ({
      append(command, nowMs) {
        const reply = log.append(command, nowMs)
        const space = storedSpace(spaces, command.fence.space)
        const { lease } = space.record
        const expiresAtMs = Math.max(lease.expiresAtMs, nowMs + 50)
        if (reply.kind === 'appended') space.record = { ...space.record, lease: { ...lease, expiresAtMs } }
        return reply
      },
    })),
    withLog('makes checkpoints after it', (parts) => ({
      checkpoint: (command, nowMs) => asIfLive(parts, command, nowMs, () => parts.log.checkpoint(command, nowMs)),
    })),
  ],
  'a write is refused after a release': [
    withLog('truncates after it', (parts) => ({
      truncate: (command, nowMs) => asIfLive(parts, command, nowMs, () => parts.log.truncate(command, nowMs)),
    })),
  ],
  'an append that is sent again is appended once': [
    withLog('has seq 0 for every copy', ({ log }) => ({
      append: answering(log.append as () => Answer, () => ({ kind: 'appended', seq: 0 })),
    })),
  ],
  'a checkpoint or a truncation that is sent again is answered as before': [
    withLog('refuses copies of a checkpoint', ({ log }) => ({
      checkpoint: answering(log.checkpoint as () => Answer, () => ({ kind: 'checkpoint-mismatch' })),
    })),
    withLog('refuses copies of a truncation', ({ log }) => ({
      truncate: answering(log.truncate as () => Answer, () => ({ kind: 'compacted' })),
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
  'any JSON is read back as it was, and what is appended twice is there twice': [
    withLog('drops what it has', ({ log, spaces }) => ({
      append(command, nowMs) {
        const last = spaces.get(command.fence.space)?.events.at(-1)
        const content = ({ type, payload }: Pick<Append, 'type' | 'payload'>) => JSON.stringify([type, payload])
        return last !== undefined && content(last) === content(command)
          ? { kind: 'appended', seq: last.seq }
          : log.append(command, nowMs)
      },
    })),
    appending('has one type', () => ({ type: 'entry' })),
    appending('has lines', ({ payload }) =>
      typeof payload === 'string' ? { payload: payload.replace(/\n.*/s, '') } : {},
    ),
    appending('takes nothing for 1', ({ payload }) => ({ payload: payload || 1 })),
    appending('takes text for numbers', ({ payload }) => (payload === '2' ? { payload: 2 } : {})),
  ],
  'logs are told apart, however alike the names of their spaces': [
    withLog('counts those that begin alike', ({ log, spaces }) => ({
      load(command, nowMs) {
        const alike = [...spaces].filter(([name]) => name.startsWith(command.space))
        const nextSeq = Math.max(...alike.map(([, space]) => space.record.log.nextSeq))
        return { ...log.load(command, nowMs), nextSeq } as Answer
      },
    })),
    withLog('finds no log again whose name is no word', ({ log }) => ({
      load: (command, nowMs) =>
        /[^a-z]/.test(command.space) ? { kind: 'loaded', nextSeq: 0 } : log.load(command, nowMs),
    })),
  ],
  'the latest checkpoint is loaded as it was made, and survives a restart': [
    withLog('keeps one in four', ({ log }) => {
      let kept = 0
      return {
        checkpoint(command, nowMs) {
          if (kept > 0 && command.nextSeq < kept + 4) return { kind: 'checkpointed', nextSeq: command.nextSeq }
          kept = command.nextSeq
          return log.checkpoint(command, nowMs)
        },
      }
    }),
    withLog('keeps numbers', ({ log }) => ({
      checkpoint: (command, nowMs) =>
        log.checkpoint({ ...command, state: JSON.parse(JSON.stringify(command.state).replaceAll('null', '0')) }, nowMs),
    })),
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
  'a queue keeps as many jobs as are put there, and hands out all of them': [
    withJobs('has a hundred out at the most', ({ jobs, spaces }) => ({
      take(command, nowMs) {
        const all = Object.values(spaces.get(command.space)?.jobs.jobs ?? {})
        return all.filter(({ state }) => state === 'taken').length >= 100 ? { kind: 'idle' } : jobs.take(command, nowMs)
      },
    })),
  ],
  'a job waits for as long as it takes, also one that was taken before': [
    withJobs('throws away after two weeks', ({ jobs, spaces }) => {
      let lastMs = 0
      return {
        take(command, nowMs) {
          if (nowMs > lastMs + 14 * 24 * 3_600_000) spaces.delete(command.space)
          return jobs.take(command, nowMs)
        },
        enqueue(command, nowMs) {
          lastMs = nowMs
          return jobs.enqueue(command, nowMs)
        },
      }
    }),
  ],
  'an attempt counts when it begins, and attempts are bounded': [
    withJobs('counts what fails once more', ({ jobs, spaces }) => ({
      fail(command, nowMs) {
        const reply = jobs.fail(command, nowMs)
        const space = spaces.get(command.fence.space)
        if (reply.kind !== 'failed' || space === undefined) return reply
        const counted = space.jobs.jobs.map((job, number) =>
          number === command.fence.job ? { ...job, attempts: job.attempts + 1 } : job,
        )
        space.jobs = { ...space.jobs, jobs: counted }
        return reply
      },
    })),
  ],
  'of several jobs of one taker none is done or given back with another': (['done', 'ready'] as const).map((state) =>
    withJobs(`has all of a taker ${state} with one that is done`, ({ jobs, spaces }) => ({
      complete(command, nowMs) {
        const reply = jobs.complete(command, nowMs)
        const space = spaces.get(command.fence.space)
        if (reply.kind !== 'completed' || space === undefined) return reply
        const all = space.jobs.jobs.map((job) =>
          job.owner === command.fence.owner && job.state === 'taken' ? { ...job, state } : job,
        )
        space.jobs = { ...space.jobs, jobs: all }
        return reply
      },
    })),
  ),
  'what is done is not given back, and what was given back is not completed': [
    withJobs('puts there anew whatever fails', ({ jobs }) => {
      let failed = 0
      return {
        fail(command, nowMs) {
          const reply = jobs.fail(command, nowMs)
          if (reply.kind !== 'failed')
            jobs.enqueue(
              { kind: 'enqueue', space: command.fence.space, session: `anew ${++failed}`, request: 1 },
              nowMs,
            )
          return reply
        },
      }
    }),
    withJobs('completes what was given back', (parts) => {
      const back = new Map<string, JobFence>()
      return {
        fail(command, nowMs) {
          const reply = parts.jobs.fail(command, nowMs)
          if (reply.kind === 'failed') back.set(command.fence.token, command.fence)
          return reply
        },
        complete: (command, nowMs) =>
          back.has(command.fence.token) ? { kind: 'completed' } : parts.jobs.complete(command, nowMs),
      }
    }),
  ],
  'a token is of one job and one taking of it': [
    withJobs('has the worker’s name for a token', (parts) => ({
      take(command, nowMs) {
        const reply = parts.jobs.take(command, nowMs)
        return reply.kind === 'taken' ? { ...reply, fence: { ...reply.fence, token: command.owner } } : reply
      },
      complete: (command, nowMs) =>
        parts.jobs.complete(
          under(parts, ({ owner, token }, fence) => (fence.token === owner ? { token } : {}))(command),
          nowMs,
        ),
    })),
  ],
  'a job’s fence needs its owner, its epoch and its token': [
    completingUnder('takes any token', ({ token }) => ({ token })),
    completingUnder('takes any owner', ({ owner }) => ({ owner })),
    completingUnder('takes epochs of the future', ({ attempts }, { epoch }) => ({ epoch: Math.min(epoch, attempts) })),
    withJobs('completes what there is not', (parts) => ({
      complete: (command, nowMs) =>
        jobUnder(parts, command) ? parts.jobs.complete(command, nowMs) : { kind: 'completed' },
    })),
    withJobs('has anybody fail', (parts) => ({
      fail: (command, nowMs) => parts.jobs.fail(under(parts, ({ owner, token }) => ({ owner, token }))(command), nowMs),
    })),
  ],
  'a job is not completed once its taking has run out': [
    withJobs('completes late', (parts) => ({
      complete: (command, nowMs) =>
        parts.jobs.complete(command, Math.min(nowMs, (jobUnder(parts, command)?.expiresAtMs ?? nowMs) - 1)),
    })),
  ],
  'a job is its taker’s to complete: on the last attempt, when other takings have run out, after a restart': [
    withJobs('has it dead at its last attempt', (parts) => ({
      complete(command, nowMs) {
        const { attempts, maxAttempts } = jobUnder(parts, command) ?? { attempts: 0, maxAttempts: 1 }
        return attempts >= maxAttempts ? { kind: 'lease-expired' } : parts.jobs.complete(command, nowMs)
      },
    })),
    withJobs('refuses when another has run out', ({ jobs, spaces }) => ({
      complete(command, nowMs) {
        const all = spaces.get(command.fence.space)?.jobs.jobs ?? []
        const hasLapsed = all.some(({ state, expiresAtMs }) => state === 'taken' && expiresAtMs <= nowMs)
        const reply = jobs.complete(command, nowMs)
        return hasLapsed ? { kind: 'lease-expired' } : reply
      },
    })),
    defineSubject({
      name: 'has other tokens after every restart',
      jobs({ builtIn }) {
        for (const space of builtIn.spaces.values()) {
          const jobs = space.jobs.jobs.map((job) => ({ ...job, token: `${job.token}!` }))
          space.jobs = { ...space.jobs, jobs }
        }
        return builtIn.jobs
      },
    }),
  ],
  'jobs survive a restart of the store, and what is done stays done': (
    [
      ['ready', 'dead'],
      ['done', 'ready'],
    ] as const
  ).map(([before, after]) =>
    defineSubject({
      name: `has what was ${before} as ${after}`,
      jobs({ builtIn }) {
        for (const space of builtIn.spaces.values()) {
          const jobs = space.jobs.jobs.map((job) => (job.state === before ? { ...job, state: after } : job))
          space.jobs = { ...space.jobs, jobs }
        }
        return builtIn.jobs
      },
    }),
  ),
  'a complete or a fail that is sent again is answered as before': [
    withJobs('refuses copies of a complete', ({ jobs }) => ({
      complete: answering(jobs.complete as () => Answer, () => ({ kind: 'superseded' })),
    })),
    withJobs('refuses copies of a fail', ({ jobs }) => ({
      fail: answering(jobs.fail as () => Answer, () => ({ kind: 'superseded' })),
    })),
  ],
  'queues and takers are told apart, however alike their names': [
    withJobs('has one queue for names that begin alike', ({ jobs, spaces }) => ({
      take(command, nowMs) {
        const alike = [...spaces.keys()].filter((name) => name.startsWith(command.space))
        const replies = alike.map((space) => jobs.take({ ...command, space }, nowMs))
        const taken = replies.find((reply) => reply.kind === 'taken')
        return taken?.kind === 'taken'
          ? { ...taken, fence: { ...taken.fence, space: command.space } }
          : { kind: 'idle' }
      },
    })),
    completingUnder('compares takers in lower case', (job, { owner }) =>
      owner.toLowerCase() === job.owner.toLowerCase() ? { owner: job.owner } : {},
    ),
  ],
  'a token is needed, and that of the right epoch': [
    takingFences('has tokens in lower case', (fence, { token }) => fence.token.toLowerCase() === token.toLowerCase()),
    takingFences('trims tokens', (fence, { token }) => fence.token.trim() === token),
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
    withJobs('rounds up', ({ jobs }) => ({
      take: (command, nowMs) => jobs.take({ ...command, ttlMs: Math.ceil(command.ttlMs / 50) * 50 }, nowMs),
    })),
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
    withCore('refuses a fence in the last tenth of its lease', ({ core, spaces }) => {
      const inTime =
        <C extends Under>(answer: (command: C, nowMs: number) => Answer) =>
        (command: C, nowMs: number): Answer => {
          const { expiresAtMs = 0 } = spaces.get(command.fence.space)?.record.lease ?? {}
          return nowMs >= expiresAtMs - 10 ? { kind: 'lease-expired' } : answer(command, nowMs)
        }
      return { renew: inTime(core.renew), validate: inTime(core.validate) }
    }),
    withCore('takes every other lease back when it is to be renewed', ({ core }) => ({
      renew: (command, nowMs) =>
        command.fence.epoch % 2 === 1 ? { kind: 'lease-expired' } : core.renew(command, nowMs),
    })),
    withCore('renews once more for a copy', ({ core }) => {
      let copies = 0
      return { renew: (command, nowMs) => core.renew({ ...command, session: `${++copies}` }, nowMs) }
    }),
    withCore('refuses long names', ({ core }) => ({
      acquire: (command, nowMs) =>
        command.space.length + command.owner.length > 63 ? { kind: 'lease-held' } : core.acquire(command, nowMs),
    })),
    withJobs('tells a taker once more that its job is done', (parts) => ({
      complete(command, nowMs) {
        const job = jobUnder(parts, command)
        return job?.state === 'done' && job.token === command.fence.token
          ? { kind: 'completed' }
          : parts.jobs.complete(command, nowMs)
      },
    })),
    withLog('truncates by itself at a checkpoint', ({ log }) => ({
      checkpoint(command, nowMs) {
        const reply = log.checkpoint(command, nowMs)
        if (reply.kind === 'checkpointed')
          log.truncate({ ...command, kind: 'truncate', session: 'itself', beforeSeq: reply.nextSeq }, nowMs)
        return reply
      },
    })),
    withLog('has too much to do now and then', ({ log }) => {
      let asked = 0
      return {
        append: (command, nowMs) => (++asked % 5 === 0 ? { kind: 'queued' } : log.append(command, nowMs)),
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
    withJobs('has no job dead for who allows it more attempts', ({ jobs, spaces }) => ({
      take(command, nowMs) {
        const space = spaces.get(command.space)
        const all = space?.jobs.jobs.map((job) =>
          job.state === 'dead' && job.attempts < command.maxAttempts ? { ...job, state: 'ready' as const } : job,
        )
        if (space !== undefined && all !== undefined) space.jobs = { ...space.jobs, jobs: all }
        return jobs.take(command, nowMs)
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

  it('does not say of a core that grants less than was asked for that it grants what is live', async () => {
    const clamps = withCore('clamps', ({ core }) => ({
      acquire: (command, nowMs) => core.acquire({ ...command, ttlMs: Math.min(command.ttlMs, 60) }, nowMs),
    }))
    const names = await brokenOf(clamps)
    expect(names).toContain('a free space is granted')
    expect(names).not.toContain('a live lease is not granted to another')
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
        'first acquire at 10 ms: granted, then acquire at 10 ms: lease-held: ' +
        'the subject is not deterministic, or keeps something from run to run',
      nondeterministic: true,
    })
    expect(new Set(others.map(({ verdict }) => verdict))).toEqual(new Set(['skipped']))
  })

  it('sends nothing twice to what runs on the nodes, and says so of the sentences that speak of that', async () => {
    const forgets = defineSubject({
      name: 'remembers no request',
      core({ durable }) {
        const locks = durable('locks', () => new Map<string, { epoch: number; expiresAtMs: number }>())
        return {
          acquire({ space, ttlMs }, nowMs) {
            const { epoch = 0, expiresAtMs = 0 } = locks.get(space) ?? {}
            if (nowMs < expiresAtMs) return { kind: 'lease-held' }
            locks.set(space, { epoch: epoch + 1, expiresAtMs: nowMs + ttlMs })
            return { kind: 'granted', fence: { epoch: epoch + 1 }, expiresAtMs: nowMs + ttlMs }
          },
        }
      },
    })
    const ofCopies = [
      'an acquire that is sent again gets the same grant',
      'an acquire that is sent again after a restart of the store is no second one',
    ]
    expect(await brokenOf(forgets)).toEqual(ofCopies)
    const results = await conformanceOf({ ...forgets, runsOn: 'nodes' })
    expect(results.filter(({ verdict }) => verdict === 'broken')).toEqual([])
    const why = 'nothing is sent again to what runs on the nodes'
    expect(results.filter(({ name }) => ofCopies.includes(name))).toEqual(
      ofCopies.map((name) => ({ name, verdict: 'skipped', why })),
    )
  })

  it('says of one that goes by the clock of the host what it found first, and that it does', async () => {
    const subject = defineSubject({
      name: 'dated',
      core: () => ({
        acquire: ({ ttlMs }) => ({ kind: 'granted', fence: { epoch: 1 }, expiresAtMs: tick() + ttlMs }),
      }),
    })
    let atMs = 1_796_067_732_095
    const tick = () => atMs++
    const [first] = await conformanceOf(subject)
    expect(first).toMatchObject({
      message: expect.stringMatching(
        /^first expiry of a lease .*: expected 110, found 1796067732\d+, .*: the subject reads a clock of the host, it seems$/,
      ),
    })
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
