import { describe, expect, it } from 'vitest'
import type { JobFence } from '../../src/jobs/index.js'
import type { Fence } from '../../src/lease/index.js'
import { type Command, type CommandKind, type Reply, UNTOLD } from '../../src/protocol/index.js'
import { memoryCore } from '../../src/stores/index.js'
import {
  type Assembled,
  assemble,
  builtInClient,
  builtInSubject,
  type CorePart,
  defineSubject,
  type LogPart,
  type Subject,
  type SubjectContext,
  SubjectFault,
} from '../../src/subject/index.js'

let requests = 0
const from = (session: string) => ({ session, request: ++requests })
const acquire = (owner: string): Extract<Command, { kind: 'acquire' }> => ({
  kind: 'acquire',
  space: 's',
  owner,
  ttlMs: 100,
  clockMs: 0,
  queueMs: 0,
  inQueue: false,
  ...from(owner),
})
const renew = (fence: Fence): Command => ({ kind: 'renew', fence, ttlMs: 100, ...from(fence.owner) })
const release = (fence: Fence): Command => ({ kind: 'release', fence, ...from(fence.owner) })
const append = (fence: Fence, payload: Extract<Command, { kind: 'append' }>['payload'] = 1): Command => ({
  kind: 'append',
  fence,
  type: 'entry',
  payload,
  ...from(fence.owner),
})
const load = (): Command => ({ kind: 'load', space: 's', ...from('reader') })
const read = (): Command => ({ kind: 'read', space: 's', fromSeq: 0, limit: 10, ...from('reader') })
const enqueue = (): Command => ({ kind: 'enqueue', space: 's', ...from('a') })
const take = (owner: string): Command => ({
  kind: 'take',
  space: 's',
  owner,
  ttlMs: 100,
  maxAttempts: 3,
  clockMs: 0,
  ...from(owner),
})
const nobodys: Fence = { space: 's', owner: 'a', epoch: 1, token: '' }
const nobodysJob: JobFence = { ...nobodys, job: 0 }

/** One of each kind. */
const commands: Readonly<Record<CommandKind, Command>> = {
  acquire: acquire('a'),
  claim: { kind: 'claim', space: 's', owner: 'a', expectedEpoch: 0, ttlMs: 100, clockMs: 0, ...from('a') },
  renew: renew(nobodys),
  release: release(nobodys),
  validate: { kind: 'validate', fence: nobodys, ...from('a') },
  append: append(nobodys),
  checkpoint: { kind: 'checkpoint', fence: nobodys, nextSeq: 0, state: 0, ...from('a') },
  truncate: { kind: 'truncate', fence: nobodys, beforeSeq: 0, ...from('a') },
  load: load(),
  read: read(),
  enqueue: enqueue(),
  take: take('a'),
  complete: { kind: 'complete', fence: nobodysJob, ...from('a') },
  fail: { kind: 'fail', fence: nobodysJob, ...from('a') },
}
const everyKind = Object.keys(commands) as readonly CommandKind[]
const leaseKinds = ['acquire', 'claim', 'renew', 'release', 'validate'] as const
const logKinds = ['append', 'checkpoint', 'truncate', 'load', 'read'] as const
const jobKinds = ['enqueue', 'take', 'complete', 'fail'] as const

const kindsOf = ({ commands: kinds }: Assembled): readonly string[] => [...kinds].sort()
const sorted = (kinds: readonly string[]): readonly string[] => [...kinds].sort()

function assembled(subject: Subject): Assembled {
  return assemble(defineSubject(subject), 1)
}

/** What a subject answers that answers at once. */
function ask(subject: Assembled, command: Command, nowMs = 0): Reply {
  const reply = subject.execute(command, nowMs)
  if (reply instanceof Promise) throw new Error('expected an answer at once')
  return reply
}

function fenceIn(reply: Reply): Fence {
  if (reply.kind !== 'granted') throw new Error(`expected a grant, found ${reply.kind}`)
  return reply.fence
}

/** A core that can only grant: an epoch and a time per space. It has no tokens, and keeps nothing beyond a restart. */
function counts(): CorePart {
  const leases = new Map<string, { epoch: number; owner: string; untilMs: number }>()
  return {
    acquire({ space, owner, ttlMs }, nowMs) {
      const before = leases.get(space)
      if (before !== undefined && before.owner !== owner && nowMs < before.untilMs) return { kind: 'lease-held' }
      const lease = { epoch: (before?.epoch ?? 0) + 1, owner, untilMs: nowMs + ttlMs }
      leases.set(space, lease)
      return { kind: 'granted', fence: { epoch: lease.epoch }, expiresAtMs: lease.untilMs }
    },
  }
}

describe('a subject', () => {
  it('may replace one command of the built-in core; the others, the log and the jobs are as they were', () => {
    const subject = assembled({
      name: 'refuses b',
      core: ({ builtIn }) => ({
        ...builtIn.core,
        acquire: (command, nowMs) =>
          command.owner === 'b' ? { kind: 'lease-held' } : builtIn.core.acquire(command, nowMs),
      }),
    })
    expect(kindsOf(subject)).toEqual(sorted(everyKind))
    const fence = fenceIn(ask(subject, acquire('a'), 0))
    expect(ask(subject, acquire('b'), 500)).toMatchObject({ kind: 'lease-held' })
    expect(ask(subject, renew(fence), 50)).toEqual({ kind: 'renewed', expiresAtMs: 150 })
    expect(ask(subject, append(fence), 149)).toEqual({ kind: 'appended', seq: 0 })
    expect(ask(subject, append(fence), 150)).toMatchObject({ kind: 'lease-expired' })
    expect(ask(subject, enqueue())).toEqual({ kind: 'enqueued', job: 0 })
    expect(ask(subject, take('b'))).toMatchObject({ kind: 'taken', fence: { job: 0, epoch: 1 } })
  })

  it('is the built-in one where it says nothing', () => {
    for (const subject of [
      assemble(builtInSubject, 1),
      assembled({ name: 'mine', client: { believes: builtInClient.believes } }),
    ]) {
      expect(kindsOf(subject)).toEqual(sorted(everyKind))
      const fence = fenceIn(ask(subject, acquire('a')))
      expect(ask(subject, append(fence), 10)).toEqual({ kind: 'appended', seq: 0 })
      expect(Object.keys(subject.client)).toEqual(Object.keys(builtInClient))
      // Everything is durable when it is answered.
      subject.restart('lost')
      expect(ask(subject, load(), 20)).toMatchObject({ kind: 'loaded', nextSeq: 1 })
    }
  })

  it('is told when a policy of its client writes to what it was given', () => {
    const times = { nowMs: 5, untilMs: 9, nextUntilMs: 12 }
    const { client } = assembled({
      name: 'mine',
      client: {
        afterRenewal: (_end, given) => {
          given.untilMs = 1e9
          return 9
        },
      },
    })
    const message = /^subject "mine" wrote to what client\.afterRenewal was given: /
    expect(() => client.afterRenewal('renewed', times)).toThrow(
      expect.objectContaining({
        fault: 'mutated',
        command: 'client.afterRenewal',
        message: expect.stringMatching(message),
      }),
    )
    expect(times.untilMs).toBe(9)
  })

  it('may replace policies of the client one by one', () => {
    const believes = () => true
    const { client } = assembled({ name: 'believes', client: { believes } })
    expect(client.believes(5, 1)).toBe(true)
    expect(client.believesUntilMs).not.toBe(undefined)
  })

  it('may have a client that is the instance of a class', () => {
    class Zombie {
      readonly #always = true
      believes(): boolean {
        return this.#always
      }
    }
    const { client } = assembled(defineSubject({ name: 'zombie', client: new Zombie() }))
    expect(client.believes(5, 1)).toBe(true)
    expect(() => defineSubject({ name: 'none', client: new (class {})() })).toThrow(
      'client of subject "none" has no policy: expected one of believesUntilMs, believes,',
    )
  })

  it('may answer with instances of classes, whose fields are getters', () => {
    class Held {
      get kind() {
        return 'lease-held' as const
      }
    }
    class Numbered {
      get epoch() {
        return 7
      }
    }
    const subject = assembled({
      name: 'classes',
      core: () => ({
        acquire: ({ owner }) =>
          owner === 'a' ? { kind: 'granted', fence: new Numbered(), expiresAtMs: 9 } : new Held(),
      }),
    })
    expect(ask(subject, acquire('a'))).toMatchObject({ fence: { space: 's', owner: 'a', epoch: 7, token: '' } })
    expect(ask(subject, acquire('b'))).toMatchObject({ kind: 'lease-held', owner: '', epoch: 0 })
  })

  it('may say of events and refusals no more than it has to, in one function for all commands as well', () => {
    const brief = assembled({
      name: 'brief',
      log: ({ builtIn }) => ({
        ...builtIn.log,
        read: () => ({ kind: 'events', events: [{ seq: 0, type: 'entry', payload: 1 }] }),
      }),
    })
    expect(ask(brief, read())).toMatchObject({ kind: 'events', events: [{ seq: 0 }], nextSeq: 1 })
    expect(
      ask(assembled({ name: 'no', core: () => ({ execute: () => ({ kind: 'lease-held' }) }) }), load()),
    ).toMatchObject({ kind: 'lease-held', owner: '' })
  })

  it('may replace a command of the log, under the built-in core', () => {
    const subject = assembled({
      name: 'shouts',
      log: ({ builtIn }) => ({
        ...builtIn.log,
        append: (command, nowMs) => builtIn.log.append({ ...command, payload: `${command.payload}!` }, nowMs),
      }),
    })
    const fence = fenceIn(ask(subject, acquire('a')))
    expect(ask(subject, append(fence, 'hello'), 10)).toEqual({ kind: 'appended', seq: 0 })
    expect(ask(subject, read())).toMatchObject({ events: [{ payload: 'hello!', owner: 'a' }] })
    expect(ask(subject, append({ ...fence, token: 'forged' }), 10)).toMatchObject({ kind: 'invalid-token' })
  })

  it('may put the built-in parts on steps of its own', () => {
    const subject = assembled({
      name: 'takes any token',
      log: ({ builtIn }) =>
        builtIn.on({
          stepSpace: (record, _command, _nowMs, _mint) => ({ record, reply: { kind: 'appended', seq: 7 } }),
        }).log,
    })
    expect(ask(subject, append(nobodys))).toEqual({ kind: 'appended', seq: 7 })
    expect(ask(subject, acquire('a'))).toMatchObject({ kind: 'granted' })
  })

  it('derives its tokens and its randomness from the seed', () => {
    const tokens = [1, 1, 2].map((seed) => fenceIn(ask(assemble(builtInSubject, seed), acquire('a'))).token)
    expect(tokens[0]).toBe(tokens[1])
    expect(tokens[0]).not.toBe(tokens[2])
    const drawn: number[] = []
    const draws: Subject = {
      name: 'draws',
      core({ builtIn, random }) {
        drawn.push(random.int(0, 1_000_000))
        return builtIn.core
      },
    }
    for (const seed of [1, 1, 2]) assemble(draws, seed)
    expect(drawn[0]).toBe(drawn[1])
    expect(drawn[0]).not.toBe(drawn[2])
  })
})

describe('a subject that only grants', () => {
  it('has no other command of the core; it is not asked for them', () => {
    const subject = assembled({ name: 'only grants', core: counts })
    expect(kindsOf(subject)).toEqual(sorted(['acquire', ...logKinds, ...jobKinds]))
    expect(() => subject.execute(renew(nobodys), 0)).toThrow('subject "only grants" has no renew')
  })

  it('has a log that goes by what it granted, until when it granted it', () => {
    const subject = assembled({ name: 'only grants', core: counts })
    const first = fenceIn(ask(subject, acquire('a'), 0))
    expect(ask(subject, append(first), 99)).toEqual({ kind: 'appended', seq: 0 })
    expect(ask(subject, append({ ...first, owner: 'b' }), 99)).toMatchObject({ kind: 'split-brain', currentOwner: 'a' })
    expect(ask(subject, append({ ...first, token: 'forged' }), 99)).toMatchObject({ kind: 'invalid-token' })
    expect(ask(subject, append({ ...first, epoch: 2 }), 99)).toMatchObject({ kind: 'unknown-epoch' })
    expect(ask(subject, append(first), 100)).toMatchObject({ kind: 'lease-expired', expiresAtMs: 100 })
    const second = fenceIn(ask(subject, acquire('b'), 100))
    expect(ask(subject, append(first), 110)).toMatchObject({ kind: 'stale-owner', currentEpoch: 2 })
    expect(ask(subject, append(second), 110)).toEqual({ kind: 'appended', seq: 1 })
    expect(ask(subject, read())).toMatchObject({
      events: [
        { seq: 0, epoch: 1, owner: 'a' },
        { seq: 1, epoch: 2, owner: 'b' },
      ],
    })
  })

  it('has a log that goes by its renewals and releases, where it has them', () => {
    const subject = assembled({
      name: 'grants and more',
      core: () => ({
        ...counts(),
        renew: (_command, nowMs) => ({ kind: 'renewed', expiresAtMs: nowMs + 30 }),
        release: () => ({ kind: 'released' }),
      }),
    })
    const fence = fenceIn(ask(subject, acquire('a'), 0))
    ask(subject, renew(fence), 90)
    expect(ask(subject, append(fence), 119)).toEqual({ kind: 'appended', seq: 0 })
    // A renewal that somebody else was told of is none of the holder's.
    ask(subject, renew({ ...fence, owner: 'b' }), 119)
    expect(ask(subject, append(fence), 120)).toMatchObject({ kind: 'lease-expired', expiresAtMs: 120 })
    const next = fenceIn(ask(subject, acquire('a'), 200))
    ask(subject, release(next), 210)
    expect(ask(subject, append(next), 210)).toMatchObject({ kind: 'lease-expired', expiresAtMs: 210 })
  })

  it('has a log that is not misled by a late copy of an older grant', () => {
    const epochs = [1, 2, 1]
    const subject = assembled({
      name: 'tells it again',
      core: () => ({ acquire: () => ({ kind: 'granted', fence: { epoch: epochs.shift() ?? 0 }, expiresAtMs: 1_000 }) }),
    })
    const [first, second] = [fenceIn(ask(subject, acquire('a'), 0)), fenceIn(ask(subject, acquire('b'), 10))]
    expect(ask(subject, acquire('a'), 20)).toMatchObject({ kind: 'granted', fence: first })
    expect(ask(subject, append(first), 30)).toMatchObject({ kind: 'stale-owner', currentEpoch: 2 })
    expect(ask(subject, append(second), 30)).toEqual({ kind: 'appended', seq: 0 })
  })

  it('has a log that is not misled by a late copy of an older renewal', () => {
    const subject = assembled({
      name: 'remembers its renewals',
      core() {
        const told = new Map<number, number>()
        return {
          ...counts(),
          renew({ request, ttlMs }, nowMs) {
            const expiresAtMs = told.get(request) ?? nowMs + ttlMs
            told.set(request, expiresAtMs)
            return { kind: 'renewed', expiresAtMs }
          },
        }
      },
    })
    const fence = fenceIn(ask(subject, acquire('a'), 0))
    const [older, newer] = [renew(fence), renew(fence)]
    ask(subject, older, 10)
    ask(subject, newer, 50)
    expect(ask(subject, older, 60)).toEqual({ kind: 'renewed', expiresAtMs: 110 })
    expect(ask(subject, append(fence), 149)).toEqual({ kind: 'appended', seq: 0 })
    expect(ask(subject, append(fence), 150)).toMatchObject({ kind: 'lease-expired', expiresAtMs: 150 })
  })

  it('has a log that still knows after a restart of the store what was granted before', () => {
    const subject = assembled({ name: 'only grants', core: counts })
    const fence = fenceIn(ask(subject, acquire('a'), 0))
    ask(subject, append(fence), 10)
    subject.restart('lost')
    expect(ask(subject, append(fence), 20)).toEqual({ kind: 'appended', seq: 1 })
    expect(ask(subject, append(fence), 100)).toMatchObject({ kind: 'lease-expired' })
  })
})

describe('a part that is none', () => {
  it('leaves its commands out', () => {
    expect(kindsOf(assembled({ name: 'no log', log: 'none' }))).toEqual(sorted([...leaseKinds, ...jobKinds]))
    expect(kindsOf(assembled({ name: 'no jobs', jobs: 'none' }))).toEqual(sorted([...leaseKinds, ...logKinds]))
    const bare = assembled({ name: 'bare', core: counts, log: 'none', jobs: 'none' })
    expect(kindsOf(bare)).toEqual(['acquire'])
    expect(() => bare.execute(load(), 0)).toThrow('subject "bare" has no load')
  })

  it('is left out of a core of one piece as well', () => {
    const core: Subject['core'] = ({ mint }) => memoryCore(mint)
    expect(kindsOf(assembled({ name: 'whole', core, log: 'none' }))).toEqual(sorted([...leaseKinds, ...jobKinds]))
  })
})

describe('a core of one piece', () => {
  it('is given every command, and is the log and the jobs as well', () => {
    const asked: [kind: string, nowMs: number][] = []
    const subject = assembled({
      name: 'whole',
      core: () => ({
        execute({ kind }, nowMs) {
          asked.push([kind, nowMs])
          return { kind: 'superseded', request: 1, latestRequest: 2 }
        },
      }),
    })
    expect(kindsOf(subject)).toEqual(sorted(everyKind))
    for (const [index, kind] of everyKind.entries()) {
      expect(ask(subject, commands[kind], index)).toEqual({ kind: 'superseded', request: 1, latestRequest: 2 })
    }
    expect(asked).toEqual(everyKind.map((kind, index) => [kind, index]))
  })

  it('works on a store of its own', () => {
    const subject = assembled({ name: 'whole', core: ({ mint }) => memoryCore(mint) })
    const fence = fenceIn(ask(subject, acquire('a')))
    expect(ask(subject, append(fence), 10)).toEqual({ kind: 'appended', seq: 0 })
    subject.restart('lost')
    // The store was made anew, and nothing in it was durable.
    expect(ask(subject, load(), 20)).toMatchObject({ kind: 'loaded', nextSeq: 0 })
  })

  it('may be given another log', () => {
    const subject = assembled({
      name: 'whole',
      core: ({ mint }) => memoryCore(mint),
      log: () => ({ load: () => ({ kind: 'loaded', nextSeq: 42 }) }),
    })
    expect(kindsOf(subject)).toEqual(sorted([...leaseKinds, 'load', ...jobKinds]))
    expect(ask(subject, load())).toEqual({ kind: 'loaded', checkpoint: undefined, nextSeq: 42 })
  })
})

describe('a part that is made later', () => {
  it('is told to be a promise, and ends nothing when it is never made', async () => {
    const core = (() => Promise.reject(new Error('no connection'))) as unknown as NonNullable<Subject['core']>
    expect(() => assembled({ name: 'mine', core })).toThrow('core of subject "mine" is a promise: expected an object')
    await new Promise((resolve) => setTimeout(resolve))
  })
})

describe('a subject that runs on nodes', () => {
  /** How many times each of its parts has been asked for a lease, which they remember. */
  const counting = (asked: string[]): Subject => ({
    name: 'counting',
    runsOn: 'nodes',
    core({ node, durable, builtIn }) {
      const all = durable('all', () => ({ count: 0 }))
      let own = 0
      return {
        ...builtIn.core,
        acquire(command, nowMs) {
          asked.push(`${node.name} ${++own} of ${++all.count}`)
          return builtIn.core.acquire(command, nowMs)
        },
      }
    },
  })

  it('has a part for each node and one for all of its tasks, which share what is durable', () => {
    const asked: string[] = []
    const subject = assembled(counting(asked))
    for (const session of ['a', 'b', 'a/1', 'a']) ask(subject, acquire(session))
    expect(asked).toEqual(['a 1 of 1', 'b 1 of 2', 'a 2 of 3', 'a 3 of 4'])
  })

  it('forgets with the node, or all at once, what is not durable', () => {
    const asked: string[] = []
    const subject = assembled(counting(asked))
    for (const session of ['a', 'b']) ask(subject, acquire(session))
    subject.restartNode('a')
    for (const session of ['a', 'b']) ask(subject, acquire(session))
    subject.restart('lost')
    ask(subject, acquire('b'))
    expect(asked.slice(2)).toEqual(['a 1 of 3', 'b 2 of 4', 'b 1 of 5'])
  })

  it('carries out on the nodes what its own parts have, and no more', () => {
    const subject = assembled(counting([]))
    expect([subject.isOnNode(acquire('a')), subject.isOnNode(load())]).toEqual([true, false])
    const service = assembled({ name: 'service', core: ({ builtIn }) => builtIn.core })
    expect(service.isOnNode(acquire('a'))).toBe(false)
  })

  it('has the clocks of its node while it answers, and none while it is made', () => {
    const clocks = { nowMs: (node: string) => node.length, monotonicMs: () => 7 }
    const seen: unknown[] = []
    const subject = assemble(
      {
        name: 'mine',
        runsOn: 'nodes',
        core({ node, builtIn }) {
          expect(() => node.clockMs()).toThrow('the clock of a node, read while its parts are made')
          return {
            ...builtIn.core,
            acquire(command, nowMs) {
              seen.push([node.clockMs(), node.monotonicMs()])
              return builtIn.core.acquire(command, nowMs)
            },
          }
        },
      },
      1,
      undefined,
      clocks,
    )
    ask(subject, acquire('abc'))
    expect(seen).toEqual([[3, 7]])
  })

  it('sleeps by the clock that it is given, and refuses to for what is no time', async () => {
    const seen: number[] = []
    const subject = assembled({
      name: 'sleeps',
      runsOn: 'nodes',
      core: ({ node, sleep, step, builtIn }) => ({
        ...builtIn.core,
        async acquire(command, nowMs) {
          await sleep(30)
          seen.push(node.monotonicMs(), await step((atMs) => atMs))
          return builtIn.core.acquire(command, nowMs)
        },
        release: async () => sleep(0.5).then(() => ({ kind: 'released' })),
      }),
    })
    await subject.execute(acquire('a'), 5)
    expect(seen).toEqual([35, 35])
    await expect(subject.execute(release(nobodys), 6)).rejects.toThrow('a sleep of 0.5 ms: expected a whole number')
  })

  it('alone has a node', () => {
    const subject: Subject = { name: 'mine', core: ({ node, builtIn }) => ({ ...builtIn.core, node }) as CorePart }
    expect(() => assembled(subject)).toThrow('expected a subject with runsOn: "nodes"')
    // Whoever hands its context on has not asked for it.
    expect(() => assembled({ name: 'mine', core: (context) => ({ ...context }).builtIn.core })).not.toThrow()
  })
})

describe('a restart of the store', () => {
  /** A subject that says when its parts are made and closed. */
  const told = (told: string[]): Subject => ({
    name: 'told',
    core({ builtIn }) {
      told.push('core made')
      return { ...builtIn.core, close: () => told.push('core closed') }
    },
    log({ builtIn }) {
      told.push('log made')
      return { ...builtIn.log, close: () => told.push('log closed') }
    },
    jobs({ builtIn }) {
      told.push('jobs made')
      return { ...builtIn.jobs, close: () => told.push('jobs closed') }
    },
  })
  const made = ['core made', 'log made', 'jobs made']
  const closed = ['core closed', 'log closed', 'jobs closed']

  it('makes every part anew; it closes them first when unsynced writes are kept, and not when they are lost', () => {
    const lines: string[] = []
    const subject = assembled(told(lines))
    expect(lines.splice(0)).toEqual(made)
    subject.restart('lost')
    expect(lines.splice(0)).toEqual(made)
    subject.restart('kept')
    expect(lines.splice(0)).toEqual([...closed, ...made])
  })

  it('closes a core of one piece, once', () => {
    let closed = 0
    const subject = assembled({
      name: 'whole',
      core: ({ mint }) => ({
        ...memoryCore(mint),
        close() {
          closed += 1
        },
      }),
    })
    subject.restart('lost')
    expect(closed).toBe(0)
    subject.restart('kept')
    expect(closed).toBe(1)
  })

  it.each([
    ['is kept', () => Promise.resolve()],
    ['is rejected, which then ends nothing', () => Promise.reject(new Error('disk full'))],
  ])('does not wait for a close that promises to be done: a promise that %s is told', async (_, close) => {
    const subject = assembled({ name: 'mine', core: ({ builtIn }) => ({ ...builtIn.core, close }) })
    expect(() => subject.restart('kept')).toThrow(
      'subject "mine" answered close with a promise: expected a part that is',
    )
    await new Promise((resolve) => setTimeout(resolve))
  })

  it('loses all but what is durable', () => {
    const subject = assembled({
      name: 'writes behind',
      core({ builtIn, durable }) {
        const disk = durable('disk', () => ({ grants: 0 }))
        let unsynced = 0
        return {
          ...builtIn.core,
          acquire() {
            unsynced += 1
            return { kind: 'granted', fence: { epoch: disk.grants + unsynced }, expiresAtMs: 100 }
          },
          close() {
            disk.grants += unsynced
          },
        }
      },
    })
    const nextEpoch = () => fenceIn(ask(subject, acquire('a'))).epoch
    expect([nextEpoch(), nextEpoch()]).toEqual([1, 2])
    subject.restart('lost')
    expect([nextEpoch(), nextEpoch()]).toEqual([1, 2])
    subject.restart('kept')
    expect(nextEpoch()).toBe(3)
    subject.restart('lost')
    expect(nextEpoch()).toBe(3)
  })

  it('leaves what the built-in parts keep, and the stream of random numbers where it was', () => {
    const drawn: number[] = []
    const subject = assembled({
      name: 'draws',
      core({ builtIn, random }) {
        drawn.push(random.int(0, 1_000_000))
        return builtIn.core
      },
      log: ({ builtIn }) => builtIn.log,
    })
    const fence = fenceIn(ask(subject, acquire('a')))
    ask(subject, append(fence), 10)
    subject.restart('lost')
    expect(ask(subject, append(fence), 20)).toEqual({ kind: 'appended', seq: 1 })
    expect(drawn).toHaveLength(2)
    expect(drawn[0]).not.toBe(drawn[1])
  })

  it('leaves one run nothing of another', () => {
    const subject: Subject = {
      name: 'counts starts',
      core({ builtIn, durable }) {
        const starts = durable('starts', () => ({ count: 0 }))
        starts.count += 1
        return { ...builtIn.core, validate: () => ({ kind: 'valid', expiresAtMs: starts.count }) }
      },
    }
    for (let run = 0; run < 2; run++) {
      const assembled = assemble(subject, 1)
      expect(ask(assembled, commands.validate)).toEqual({ kind: 'valid', expiresAtMs: 1 })
      assembled.restart('lost')
      expect(ask(assembled, commands.validate)).toEqual({ kind: 'valid', expiresAtMs: 2 })
    }
  })
})

/** A subject called `mine` that answers `kind` as `handler` does. */
function answering(kind: CommandKind, handler: (command: Command) => unknown): Assembled {
  const part = { [kind]: handler } as unknown
  const isLog = (logKinds as readonly string[]).includes(kind)
  const isJob = (jobKinds as readonly string[]).includes(kind)
  return assembled({
    name: 'mine',
    core: ({ builtIn }) => (isLog || isJob ? builtIn.core : { ...builtIn.core, ...(part as CorePart) }),
    log: ({ builtIn }) => (isLog ? (part as LogPart) : builtIn.log),
    jobs: ({ builtIn }) => (isJob ? (part as object) : builtIn.jobs),
  })
}

/** The fault of which the subject is convicted, told at once or later. */
async function faultOf(kind: CommandKind, handler: (command: Command) => unknown): Promise<SubjectFault> {
  try {
    await answering(kind, handler).execute(structuredClone(commands[kind]), 0)
  } catch (error) {
    if (error instanceof SubjectFault) return error
    throw error
  }
  throw new Error('expected a SubjectFault')
}

const granted = "expected { kind: 'granted', … } or a refusal such as { kind: 'lease-held' }"

describe.each([
  ['at once', <T>(handler: (command: Command) => T) => handler],
  [
    'later',
    <T>(handler: (command: Command) => T) =>
      async (command: Command) =>
        handler(command),
  ],
] as const)('a handler that answers %s', (_when, made) => {
  it('and throws is said to have thrown, on which command, and what', async () => {
    const error = new Error('disk full')
    const fault = await faultOf(
      'acquire',
      made(() => {
        throw error
      }),
    )
    expect(fault).toMatchObject({
      name: 'SubjectFault',
      fault: 'threw',
      command: 'acquire',
      message: 'subject "mine" threw on acquire: disk full',
      cause: error,
    })
    const { message } = await faultOf(
      'append',
      made(() => {
        throw 'no Error at all'
      }),
    )
    expect(message).toBe('subject "mine" threw on append: no Error at all')
  })

  it.each<[CommandKind, unknown, string]>([
    ['acquire', undefined, `undefined: ${granted}`],
    ['acquire', null, `null: ${granted}`],
    ['acquire', 'granted', `'granted': ${granted}`],
    ['acquire', {}, `kind undefined: ${granted}`],
    ['acquire', { kind: 'locked' }, `kind 'locked': ${granted}`],
    ['acquire', { kind: 'toString' }, `kind 'toString': ${granted}`],
    ['acquire', { kind: 'renewed', expiresAtMs: 1 }, `kind 'renewed': ${granted}`],
    ['renew', { kind: 'granted', fence: { epoch: 1 }, expiresAtMs: 1 }, "kind 'granted': expected { kind: 'renewed', "],
    ['take', { kind: 'completed' }, "kind 'completed': expected { kind: 'taken' | 'idle', … }"],
    [
      'acquire',
      { kind: 'granted', fence: { epoch: 1 } },
      'granted with expiresAtMs undefined: expected a whole number',
    ],
    ['renew', { kind: 'renewed', expiresAtMs: 1.5 }, 'renewed with expiresAtMs 1.5: expected a whole number'],
    ['validate', { kind: 'valid', expiresAtMs: Number.NaN }, 'valid with expiresAtMs NaN: expected a whole number'],
    ['append', { kind: 'appended' }, 'appended with seq undefined: expected a whole number'],
    ['append', { kind: 'appended', seq: '0' }, "appended with seq '0': expected a whole number"],
    ['checkpoint', { kind: 'checkpointed' }, 'checkpointed with nextSeq undefined: expected a whole number'],
    ['truncate', { kind: 'truncated' }, 'truncated with firstSeq undefined: expected a whole number'],
    ['load', { kind: 'loaded' }, 'loaded with nextSeq undefined: expected a whole number'],
    ['read', { kind: 'events', events: [], nextSeq: '0' }, "events with nextSeq '0': expected a whole number"],
    ['read', { kind: 'events', nextSeq: 0 }, 'events without a list of events: expected events: ['],
    ['enqueue', { kind: 'enqueued' }, 'enqueued with job undefined: expected a whole number'],
    ['acquire', { kind: 'granted', expiresAtMs: 1 }, 'granted without a fence: expected fence: { epoch, token? }'],
    ['claim', { kind: 'granted', fence: {}, expiresAtMs: 1 }, 'granted with fence.epoch undefined: expected a whole'],
    ['acquire', { kind: 'granted', fence: { epoch: 0 }, expiresAtMs: 1 }, 'granted with fence.epoch 0: expected 1 or'],
    [
      'acquire',
      { kind: 'granted', fence: { epoch: 1, space: 'elsewhere' }, expiresAtMs: 1 },
      "granted with fence.space 'elsewhere': expected 's'",
    ],
    ['acquire', { kind: Object.create(null) }, 'kind an object: expected'],
    ['acquire', { kind: 'granted', fence: { epoch: 1, token: {} }, expiresAtMs: 1 }, 'granted with fence.token an'],
    [
      'read',
      { kind: 'events', events: [{ seq: 0, type: 'entry' }], nextSeq: 1 },
      'an event whose payload is undefined: exp',
    ],
    ['load', { kind: 'loaded', nextSeq: 1, checkpoint: { nextSeq: 1 } }, 'a checkpoint whose state is undefined: ex'],
    ['take', { kind: 'taken', expiresAtMs: 1 }, 'taken without a fence: expected fence: { epoch, job, token? }'],
    [
      'take',
      { kind: 'taken', fence: { epoch: 1 }, expiresAtMs: 1 },
      'taken with fence.job undefined: expected a whole',
    ],
  ])('to %s: %j is told that this is no answer', async (kind, reply, said) => {
    const fault = await faultOf(
      kind,
      made(() => reply),
    )
    expect(fault).toMatchObject({ fault: 'wrong-shape', command: kind })
    expect(fault.message).toContain(`subject "mine" answered ${kind} with ${said}`)
  })

  it('with what is no JSON is told so, and what it was', async () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    for (const payload of [1n, Symbol('x'), circle]) {
      const reply = { kind: 'events', events: [{ seq: 0, type: 'entry', payload }], nextSeq: 1 }
      const fault = await faultOf(
        'read',
        made(() => reply),
      )
      expect(fault).toMatchObject({ fault: 'wrong-shape', message: expect.stringContaining('expected JSON') })
    }
  })

  it.each<[what: string, CommandKind, (command: Record<string, Record<string, unknown>>) => void]>([
    ['sets a field of the fence', 'append', ({ fence }) => void Object.assign(fence!, { epoch: 9 })],
    ['adds a field to the fence', 'renew', ({ fence }) => void Object.assign(fence!, { seen: true })],
    ['deletes a field of the fence', 'release', ({ fence }) => void delete fence!['token']],
    ['sets a field of the command', 'acquire', (command) => void Object.assign(command, { owner: 'b' })],
    ['defines a field anew', 'acquire', (command) => void Object.defineProperty(command, 'owner', { value: 'b' })],
  ])('and %s on %s is said to have written to it', async (_what, kind, writes) => {
    const fault = await faultOf(
      kind,
      made((command) => writes(command as never)),
    )
    expect(fault).toMatchObject({ fault: 'mutated', command: kind })
    expect(fault.message).toContain(`subject "mine" wrote to the ${kind} that it was given: `)
    expect(fault.cause).toBeInstanceOf(TypeError)
  })

  it('may throw a TypeError of its own without being said to have written', async () => {
    const fault = await faultOf(
      'acquire',
      made(() => (undefined as unknown as { x: { y: number } }).x.y),
    )
    expect(fault.fault).toBe('threw')
  })

  it.each<[CommandKind, object, object]>([
    [
      'acquire',
      { kind: 'lease-held' },
      { kind: 'lease-held', owner: '', epoch: 0, expiresAtMs: 0, position: 0, keptUntilMs: 0 },
    ],
    [
      'acquire',
      { kind: 'lease-held', owner: 'b', expiresAtMs: 70 },
      { kind: 'lease-held', owner: 'b', epoch: 0, expiresAtMs: 70, position: 0, keptUntilMs: 0 },
    ],
    ['acquire', { kind: 'queued' }, { kind: 'queued', ahead: '', epoch: 0, position: 0, keptUntilMs: 0 }],
    ['append', { kind: 'stale-owner' }, { kind: 'stale-owner', currentEpoch: UNTOLD, requestedEpoch: UNTOLD }],
    ['append', { kind: 'unknown-epoch' }, { kind: 'unknown-epoch', currentEpoch: UNTOLD, requestedEpoch: UNTOLD }],
    ['append', { kind: 'split-brain' }, { kind: 'split-brain', currentOwner: '', requestedOwner: '', epoch: 0 }],
    ['append', { kind: 'invalid-token' }, { kind: 'invalid-token', owner: '', epoch: 0 }],
    ['renew', { kind: 'lease-expired' }, { kind: 'lease-expired', epoch: 0, expiresAtMs: 0 }],
    ['renew', { kind: 'superseded' }, { kind: 'superseded', request: UNTOLD, latestRequest: UNTOLD }],
    ['checkpoint', { kind: 'ahead-of-log' }, { kind: 'ahead-of-log', nextSeq: UNTOLD, requestedSeq: UNTOLD }],
    [
      'truncate',
      { kind: 'checkpoint-mismatch' },
      { kind: 'checkpoint-mismatch', checkpointSeq: UNTOLD, requestedSeq: UNTOLD },
    ],
    ['read', { kind: 'compacted' }, { kind: 'compacted', firstSeq: UNTOLD, requestedSeq: UNTOLD }],
    ['load', { kind: 'loaded', nextSeq: 3 }, { kind: 'loaded', nextSeq: 3, checkpoint: undefined }],
    ['release', { kind: 'released' }, { kind: 'released' }],
    ['take', { kind: 'idle' }, { kind: 'idle' }],
  ])('to %s: %j may leave out the rest', async (kind, reply, filledIn) => {
    const subject = answering(
      kind,
      made(() => reply),
    )
    expect(await subject.execute(commands[kind], 0)).toEqual(filledIn)
  })

  it.each<[CommandKind, object, object]>([
    ['acquire', { epoch: 4 }, { space: 's', owner: 'a', epoch: 4, token: '' }],
    ['claim', { epoch: 4, token: 'secret' }, { space: 's', owner: 'a', epoch: 4, token: 'secret' }],
    ['take', { epoch: 1, job: 2 }, { space: 's', owner: 'a', epoch: 1, token: '', job: 2 }],
  ])('to %s with the fence %j has it filled in from the command', async (kind, fence, whole) => {
    const answer = kind === 'take' ? 'taken' : 'granted'
    const subject = answering(
      kind,
      made(() => ({ kind: answer, fence, expiresAtMs: 100 })),
    )
    expect(await subject.execute(commands[kind], 0)).toMatchObject({ kind: answer, fence: whole, expiresAtMs: 100 })
  })
})

describe('a core that answers later', () => {
  it('is noted by the log when it has answered', async () => {
    const subject = assembled({
      name: 'slow',
      core: ({ builtIn }) => ({
        ...builtIn.core,
        acquire: async (command, nowMs) => builtIn.core.acquire(command, nowMs),
        release: async (command, nowMs) => builtIn.core.release(command, nowMs),
      }),
    })
    const fence = fenceIn(await subject.execute(acquire('a'), 0))
    expect(ask(subject, append(fence), 10)).toEqual({ kind: 'appended', seq: 0 })
    await subject.execute(release(fence), 20)
    expect(ask(subject, append(fence), 20)).toMatchObject({ kind: 'lease-expired', expiresAtMs: 20 })
  })

  it('may be of one piece, and answer with anything that has a then', async () => {
    const subject = assembled({
      name: 'whole',
      core({ mint }) {
        const core = memoryCore(mint)
        return {
          execute: (command, nowMs) =>
            // biome-ignore lint/suspicious/noThenProperty: what some client libraries answer with
            ({ then: (give) => give?.(core.execute(command, nowMs)) }) as Promise<Reply>,
        }
      },
    })
    const fence = fenceIn(await subject.execute(acquire('a'), 0))
    expect(await subject.execute(append(fence), 10)).toEqual({ kind: 'appended', seq: 0 })
  })
})

describe('a command', () => {
  it('is protected in all its depths', () => {
    const payload = { list: [1, 2], deep: { er: 'x' } }
    const subject = assembled({
      name: 'sorts',
      log: ({ builtIn }) => ({
        ...builtIn.log,
        append(command, nowMs) {
          const { list } = command.payload as { list: number[] }
          list.push(3)
          return builtIn.log.append(command, nowMs)
        },
      }),
    })
    const fence = fenceIn(ask(subject, acquire('a')))
    expect(() => subject.execute(append(fence, payload), 10)).toThrow(
      expect.objectContaining({ fault: 'mutated', command: 'append' }),
    )
    expect(payload).toEqual({ list: [1, 2], deep: { er: 'x' } })
  })
})

describe('defineSubject', () => {
  it('gives the declaration back, with its functions bound to it', () => {
    const subject: Subject = { name: 'mine', core: counts, log: 'none', client: { believes: () => true } }
    const { core, ...rest } = defineSubject(subject)
    expect(rest).toEqual({ name: 'mine', log: 'none', client: subject.client })
    expect(core?.name).toBe(`bound ${counts.name}`)
    const own = {
      name: 'own',
      granted: 7,
      core: () => ({ acquire: () => ({ kind: 'lease-held' as const }) }),
      jobs() {
        return { take: () => ({ kind: 'idle' as const, granted: this.granted }) }
      },
    }
    const take = defineSubject(own).jobs
    expect(typeof take === 'function' && take({} as SubjectContext).take?.({} as never, 0)).toEqual({
      kind: 'idle',
      granted: 7,
    })
  })

  it.each<[what: string, object, said: string]>([
    ['no name', {}, 'a subject needs a name'],
    ['a name of blanks', { name: ' ' }, 'a subject needs a name'],
    ['a name that is none', { name: 7 }, 'a subject needs a name'],
    [
      'no part',
      { name: 'x', version: '1', cores: () => ({}) },
      'no part of its own, but name, version, cores: expected core',
    ],
    [
      'a slip of a part beside another',
      { name: 'x', core: () => ({}), jbs: 'none' },
      'has a field "jbs": expected jobs?',
    ],
    [
      'a slip of the client beside another',
      { name: 'x', core: () => ({}), clent: {} },
      'subject "x" has a field "clent": expected client?',
    ],
    [
      'a part that is made already',
      { name: 'x', core: {} },
      'core of subject "x" is of type object: expected a function',
    ],
    ['a log of another word', { name: 'x', log: 'off' }, 'log of subject "x" is of type string: expected a function'],
    ['no core', { name: 'x', core: 'none' }, 'core of subject "x" is of type string: expected a function'],
    ['a policy that is none', { name: 'x', client: { believes: true } }, 'client.believes of subject "x"'],
    ['a home that there is not', { name: 'x', core: () => ({}), runsOn: 'node' }, 'runsOn of subject "x" is "node"'],
    [
      'a slip of the home beside a part',
      { name: 'x', core: () => ({}), runOn: 'nodes' },
      'has a field "runOn": expected runsOn?',
    ],
    [
      'a client alone on nodes',
      { name: 'x', client: { believes: () => true }, runsOn: 'nodes' },
      'subject "x" runs on nodes, and has no part that could',
    ],
    ['a part in capitals', { name: 'x', core: () => ({}), Log: 'none' }, 'has a field "Log": expected log?'],
  ])('refuses %s', (_what, subject, said) => {
    expect(() => defineSubject(subject as Subject)).toThrow(TypeError)
    expect(() => defineSubject(subject as Subject)).toThrow(said)
  })

  it('may have fields of its own', () => {
    const own = { name: 'x', core: () => counts(), now: () => 1, version: 1, logs: [], clients: 3 }
    expect(() => defineSubject(own)).not.toThrow()
  })
})

describe('what a subject may get wrong', () => {
  const taking = (core: unknown): Subject => ({ name: 'mine', core: core as NonNullable<Subject['core']> })

  // Instead, the built-in part is tested in its place, or nothing is.
  it.each<[what: string, Subject]>([
    ['a core that is not returned', taking(() => undefined)],
    ['a log that is not returned', { name: 'mine', log: (() => undefined) as unknown as () => LogPart }],
    ['a core that is promised', taking(async () => counts())],
    ['a core that cannot acquire', taking(() => ({ aquire: counts().acquire }))],
    [
      'a core with a slip beside the built-in command',
      taking(() => ({ ...counts(), renwe: () => ({ kind: 'renewed' }) })),
    ],
    [
      'a log with a slip',
      { name: 'mine', log: ({ builtIn }) => ({ ...builtIn.log, apend: () => undefined }) as LogPart },
    ],
  ])('%s is refused when it is put together', (_what, subject) => {
    expect(() => assembled(subject)).toThrow()
  })

  it('a part may have helpers of its own', () => {
    const core = () => ({ ...counts(), grant: () => 1, valid: () => true, log: () => undefined })
    expect(ask(assembled(taking(core)), acquire('a'))).toMatchObject({ kind: 'granted' })
  })

  // Functions are taken off their part, and called without it.
  it('a part may be an object with methods', () => {
    class Counting {
      #epoch = 0
      acquire(): { kind: 'granted'; fence: { epoch: number }; expiresAtMs: number } {
        this.#epoch += 1
        return { kind: 'granted', fence: { epoch: this.#epoch }, expiresAtMs: 100 }
      }
    }
    expect(ask(assembled(taking(() => new Counting())), acquire('a'))).toMatchObject({ kind: 'granted' })
  })

  it('a core of one piece may be an object with methods', () => {
    class Whole {
      readonly asked: string[] = []
      execute({ kind }: Command): Reply {
        this.asked.push(kind)
        return { kind: 'superseded', request: 1, latestRequest: 2 }
      }
    }
    expect(ask(assembled(taking(() => new Whole())), acquire('a'))).toMatchObject({ kind: 'superseded' })
  })

  // The house keeps cells of its own among those of the subject.
  it.each(['ledger', 'built-in spaces'])('a durable cell may be called "%s"', (name) => {
    const subject = assembled({
      name: 'mine',
      core({ builtIn, durable }) {
        expect(durable(name, () => ['mine'])).toEqual(['mine'])
        return builtIn.core
      },
    })
    expect(ask(subject, acquire('a'))).toMatchObject({ kind: 'granted' })
  })

  // They reach the trace, where they end the run as an error of this tool, not of the subject.
  it.each<[CommandKind, object]>([
    ['acquire', { kind: 'lease-held', owner: 7 }],
    ['acquire', { kind: 'lease-held', expiresAtMs: 'soon' }],
    ['acquire', { kind: 'granted', fence: { epoch: 1, token: 7 }, expiresAtMs: 100 }],
    ['load', { kind: 'loaded', nextSeq: 1, checkpoint: {} }],
    ['read', { kind: 'events', nextSeq: 1, events: ['first'] }],
  ])('to %s: %j is told that this is no answer', async (kind, reply) => {
    expect(await faultOf(kind, () => reply)).toMatchObject({ fault: 'wrong-shape', command: kind })
  })

  it.each<[CommandKind, object, object]>([
    ['acquire', { kind: 'lease-held', owner: undefined }, { owner: '' }],
    ['acquire', { kind: 'granted', fence: { epoch: 1, token: undefined }, expiresAtMs: 9 }, { fence: { token: '' } }],
  ])('to %s: %j has what is undefined filled in', (kind, reply, filledIn) => {
    expect(
      ask(
        answering(kind, () => reply),
        commands[kind],
      ),
    ).toMatchObject(filledIn)
  })
})

describe('the built-in client', () => {
  const highest = { int: (_min: number, max: number) => max, chance: () => true, pick: () => undefined as never }

  it('believes no less after a renewal than before, as long as before without an answer, and no longer once refused', () => {
    const times = { nowMs: 50, untilMs: 100, nextUntilMs: 150 }
    expect(builtInClient.afterRenewal('renewed', times)).toBe(150)
    expect(builtInClient.afterRenewal('renewed', { ...times, nextUntilMs: 80 })).toBe(100)
    expect(builtInClient.afterRenewal('timeout', times)).toBe(100)
    expect(builtInClient.afterRenewal('refused', times)).toBe(50)
  })

  it('waits for at most the base before its first retry, twice as long before each further one, up to the cap', () => {
    const longestMs = (attempt: number) =>
      builtInClient.retryAfterMs({ attempt, unanswered: 0, maxUnanswered: 3, baseMs: 10, capMs: 65 }, highest)
    expect([1, 2, 3, 4, 5, 60].map(longestMs)).toEqual([10, 20, 40, 65, 65, 65])
  })

  it('gives up after so many requests without an answer', () => {
    const pursuit = { attempt: 9, maxUnanswered: 3, baseMs: 10, capMs: 10 }
    expect(builtInClient.retryAfterMs({ ...pursuit, unanswered: 2 }, highest)).toBe(10)
    expect(builtInClient.retryAfterMs({ ...pursuit, unanswered: 3 }, highest)).toBeUndefined()
  })
})
