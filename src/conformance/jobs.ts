import type { JobFence } from '../jobs/index.js'
import { isRefusal } from '../protocol/index.js'
import type { ContractCheck } from './check.js'
import { madeUpTokens } from './fences.js'
import { alike, shown } from './names.js'
import { LONG_SILENCE_MS, LONG_TTL_MS, MANY, RESTARTS, UNEVEN_TTLS_MS } from './probe.js'

/** What becomes of jobs. */
export const jobs: readonly ContractCheck[] = [
  {
    name: 'jobs are taken in order of arrival',
    needs: ['enqueue', 'take'],
    async check(probe) {
      const put = [await probe.enqueued(), await probe.enqueued(), await probe.enqueued()]
      const numbers = [await probe.taken('a'), await probe.taken('b'), await probe.taken('a')].map(({ job }) => job)
      probe.same(numbers, put, 'the jobs')
      await probe.expect('idle', probe.take('b'), 'take of none')
    },
  },
  {
    name: 'a job that is put into the queue again, as the same request, is put there once',
    needs: ['enqueue', 'take'],
    async check(probe) {
      const put = await probe.enqueued()
      const again = await probe.expect('enqueued', probe.send(probe.last), 'the same enqueue')
      probe.same(again.job, put, 'the job')
      await probe.taken('a')
      await probe.expect('idle', probe.take('b'), 'take of none')
    },
  },
  {
    name: 'a queue keeps as many jobs as are put there, and hands out all of them',
    needs: ['enqueue', 'take'],
    async check(probe) {
      const put: number[] = []
      const enqueue = (producer: number) => () => probe.ask('enqueue', `producer ${producer}`, { space: 's' })
      for (let producer = 0; producer < MANY; producer++)
        put.push((await probe.done('enqueued', enqueue(producer), 'enqueue')).job)
      const taken: number[] = []
      for (const at of put.keys()) taken.push((await probe.taken(`worker ${at}`, { ttlMs: LONG_TTL_MS })).job)
      probe.same(taken, put, `the ${MANY} jobs`)
      await probe.expect('idle', probe.take('b'), 'take of none')
    },
  },
  {
    name: 'a job waits for as long as it takes, also one that was taken before',
    needs: ['enqueue', 'take'],
    async check(probe) {
      const put = [await probe.enqueued(), await probe.enqueued()]
      await probe.taken('a')
      probe.nowMs += LONG_SILENCE_MS
      const jobs = [(await probe.taken('b')).job, (await probe.taken('b')).job]
      probe.same(jobs, put.reverse(), `the jobs after ${LONG_SILENCE_MS} ms`)
    },
  },
  {
    name: 'a take that is sent again, as the same request, hands out no second job',
    needs: ['enqueue', 'take'],
    async check(probe) {
      const put = [await probe.enqueued(), await probe.enqueued()]
      const first = await probe.taken('a')
      const again = await probe.send(probe.last)
      // Told that there is none, its taker would never know of the one that it has.
      if (!isRefusal(again)) {
        const { fence } = await probe.expect('taken', Promise.resolve(again), 'the same take')
        const identity = ({ job, epoch, token }: JobFence) => [job, epoch, token]
        probe.same(identity(fence), identity(first), 'job, epoch and token of the same take')
      }
      probe.same([first.job, (await probe.taken('b')).job], put, 'the jobs')
    },
  },
  {
    name: 'a job is its taker’s for as long as it has asked, at an epoch higher than before',
    needs: ['enqueue', 'take'],
    async check(probe) {
      for (const ttlMs of [100, ...UNEVEN_TTLS_MS]) {
        const taking = { space: `for ${ttlMs} ms`, ttlMs }
        await probe.enqueued(taking.space)
        const { fence, expiresAtMs } = await probe.expect('taken', probe.take('a', taking), 'take')
        probe.same(expiresAtMs, probe.nowMs + ttlMs, `end of a taking of ${ttlMs} ms at ${probe.nowMs} ms`)
        probe.nowMs += ttlMs - 1
        await probe.expect('idle', probe.take('b', taking), 'take by another while the job is taken')
        probe.nowMs += 1
        const { epoch } = await probe.taken('b', taking)
        probe.higher(epoch, fence.epoch, 'the epoch of the next taking')
      }
    },
  },
  {
    name: 'a job whose lease has run out is taken again, behind the others',
    needs: ['enqueue', 'take'],
    async check(probe) {
      const put = [await probe.enqueued(), await probe.enqueued()]
      await probe.taken('a')
      probe.nowMs += 100
      probe.same([(await probe.taken('b')).job, (await probe.taken('b')).job], put.reverse(), 'the jobs')
    },
  },
  {
    name: 'an attempt counts when it begins, and attempts are bounded',
    needs: ['enqueue', 'take'],
    async check(probe) {
      await probe.enqueued()
      for (let attempt = 0; attempt < 2; attempt++) {
        await probe.taken('a', { maxAttempts: 2 })
        probe.nowMs += 100
      }
      await probe.expect('idle', probe.take('a', { maxAttempts: 2 }), 'a third take')
      if (!probe.has('fail')) return
      // In another queue: of which takings an attempt is one too many, each take says anew.
      const failing = { space: 'failing', maxAttempts: 3 }
      await probe.enqueued(failing.space)
      for (let attempt = 0; attempt < 3; attempt++) await probe.failed(await probe.taken('a', failing))
      await probe.expect('idle', probe.take('a', failing), 'a fourth take of what has failed three times')
    },
  },
  {
    name: 'a job is completed once, by its latest taker',
    needs: ['enqueue', 'take', 'complete'],
    async check(probe) {
      await probe.enqueued()
      const old = await probe.taken('a')
      probe.nowMs += 100
      const fence = await probe.taken('b')
      const refusedTwice = async (by: JobFence, what: string) => {
        await probe.refused(probe.complete(by), what)
        await probe.refused(probe.send(probe.last), `${what}, sent again`)
      }
      await refusedTwice(old, 'complete by an earlier taker')
      await probe.completed(fence, 'complete by the taker')
      // Its taker may as well be told once more that the job is done.
      await refusedTwice(old, 'complete of what is done, by an earlier taker')
      await probe.expect('idle', probe.take('a'), 'take of what is done')
    },
  },
  {
    name: 'a job’s fence needs its owner, its epoch and its token',
    needs: ['enqueue', 'take', 'complete'],
    async check(probe) {
      await probe.enqueued()
      const old = await probe.taken('a')
      probe.nowMs += 100
      const fence = await probe.taken('b')
      const tokens =
        fence.token === '' ? [] : [...madeUpTokens(fence), [old.token, 'the token of another taking'] as const]
      const wrong: readonly (readonly [JobFence, what: string])[] = [
        [{ ...fence, owner: 'c' }, 'another owner'],
        [{ ...fence, epoch: old.epoch }, 'an older epoch'],
        [{ ...fence, epoch: fence.epoch + 1 }, 'an epoch that never was'],
        [{ ...fence, job: fence.job + 1 }, 'the number of no job'],
        ...tokens.map(([token, what]) => [{ ...fence, token }, what] as const),
      ]
      for (const [by, what] of wrong) {
        await probe.refused(probe.complete(by), `complete with ${what}`)
        // As with a release: a fail that gives nothing back need not be refused.
        if (probe.has('fail')) await probe.ask('fail', by.owner, { fence: by })
        await probe.expect('idle', probe.take('c'), `take after a complete and a fail with ${what}`)
      }
      await probe.completed(fence, 'complete by the taker')
    },
  },
  {
    name: 'a job is not completed once its taking has run out',
    needs: ['enqueue', 'take', 'complete'],
    async check(probe) {
      const put = await probe.enqueued()
      const late = await probe.taken('a')
      probe.nowMs += 200
      await probe.refused(probe.complete(late), 'complete after the taking has run out')
      probe.same((await probe.taken('b')).job, put, 'the job')
    },
  },
  {
    name: 'a job is its taker’s to complete: on the last attempt, when other takings have run out, after a restart',
    needs: ['enqueue', 'take', 'complete'],
    async check(probe) {
      await probe.enqueued()
      await probe.completed(await probe.taken('a', { maxAttempts: 1 }), 'complete of a last attempt')
      await probe.enqueued()
      await probe.enqueued()
      await probe.taken('a')
      probe.nowMs += 50
      const fence = await probe.taken('b')
      probe.nowMs += 70
      await probe.completed(fence, 'complete when the taking of another job has run out')
      for (const unsynced of ['lost', 'kept'] as const) {
        await probe.enqueued()
        const before = await probe.taken('a')
        probe.restart(unsynced)
        probe.nowMs += 10
        await probe.completed(before, 'complete after a restart of the store')
      }
    },
  },
  {
    name: 'jobs survive a restart of the store, and what is done stays done',
    needs: ['enqueue', 'take', 'complete'],
    async check(probe) {
      for (let restarts = 0; restarts < RESTARTS; restarts++) {
        const put = await probe.enqueued()
        probe.restart('lost')
        const fence = await probe.taken('a')
        probe.same(fence.job, put, 'the job')
        await probe.completed(fence, 'complete by the taker')
        probe.restart('lost')
        probe.nowMs += 200
        await probe.expect('idle', probe.take('b'), 'take of what is done')
      }
    },
  },
  {
    name: 'a complete or a fail that is sent again is answered as before',
    needs: ['enqueue', 'take', 'complete'],
    async check(probe) {
      await probe.enqueued()
      await probe.completed(await probe.taken('a'), 'complete by the taker')
      await probe.expect('completed', probe.send(probe.last), 'the same complete')
      if (!probe.has('fail')) return
      await probe.enqueued()
      await probe.failed(await probe.taken('a'))
      await probe.expect('failed', probe.send(probe.last), 'the same fail')
    },
  },
  {
    name: 'a job that is given back is taken again',
    needs: ['enqueue', 'take', 'fail'],
    async check(probe) {
      const put = await probe.enqueued()
      const fence = await probe.taken('a')
      await probe.failed(fence)
      probe.same((await probe.taken('b')).job, put, 'the job')
    },
  },
  {
    name: 'of several jobs of one taker none is done or given back with another',
    needs: ['enqueue', 'take', 'complete'],
    async check(probe) {
      for (let put = 0; put < 3; put++) await probe.enqueued()
      const [first, second, third] = [await probe.taken('a'), await probe.taken('a'), await probe.taken('a')]
      await probe.completed(second, 'complete by the taker')
      await probe.expect('idle', probe.take('b'), 'take while the other jobs of who has completed one are taken')
      if (probe.has('fail')) {
        await probe.failed(third)
        probe.same((await probe.taken('b')).job, third.job, 'the job that was given back')
        await probe.expect('idle', probe.take('b'), 'take while another job of who has given one back is taken')
      }
      probe.nowMs += 100
      probe.same((await probe.taken('c')).job, first.job, 'the job that was neither done nor given back')
    },
  },
  {
    name: 'what is done is not given back, and what was given back is not completed',
    needs: ['enqueue', 'take', 'complete', 'fail'],
    async check(probe) {
      await probe.enqueued()
      const done = await probe.taken('a')
      await probe.completed(done, 'complete by the taker')
      // As with a release: a fail that gives nothing back need not be refused.
      await probe.ask('fail', 'a', { fence: done })
      await probe.expect('idle', probe.take('b'), 'take of what is done, after a fail by who has done it')
      const put = await probe.enqueued()
      const back = await probe.taken('a')
      await probe.failed(back)
      await probe.refused(probe.complete(back), 'complete by who has given the job back')
      probe.same((await probe.taken('b')).job, put, 'the job')
    },
  },
  {
    name: 'a token is of one job and one taking of it',
    needs: ['enqueue', 'take'],
    async check(probe) {
      for (let put = 0; put < 2; put++) await probe.enqueued()
      const tokens = [(await probe.taken('a')).token, (await probe.taken('a')).token]
      if (tokens.every((token) => token === '')) return 'no tokens'
      probe.nowMs += 100
      for (let again = 0; again < 2; again++) tokens.push((await probe.taken('a')).token)
      probe.same(new Set(tokens).size, tokens.length, 'how many tokens four takings of two jobs have')
      return undefined
    },
  },
  {
    name: 'queues and takers are told apart, however alike their names',
    needs: ['enqueue', 'take', 'complete'],
    async check(probe) {
      for (const [one, other] of alike) {
        const put = await probe.enqueue(other)
        // A store may refuse a name.
        if (isRefusal(put)) continue
        await probe.expect(
          'idle',
          probe.take('a', { space: one }),
          `take from ${shown(one)} of what is in ${shown(other)}`,
        )
        const fence = await probe.taken(one, { space: other })
        const asOther = probe.complete({ ...fence, owner: other })
        await probe.refused(asOther, `complete by ${shown(other)} of what ${shown(one)} has taken`)
      }
    },
  },
]
