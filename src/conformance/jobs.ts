import type { JobFence } from '../jobs/index.js'
import { isRefusal } from '../log/index.js'
import type { ContractCheck } from './check.js'

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
      await probe.enqueued()
      const { fence, expiresAtMs } = await probe.expect('taken', probe.take('a'), 'take')
      probe.same(expiresAtMs, 100, 'end of a taking of 100 ms at 0 ms')
      probe.nowMs = 99
      await probe.expect('idle', probe.take('b'), 'take by another while the job is taken')
      probe.nowMs = 100
      const { epoch } = await probe.taken('b')
      if (epoch <= fence.epoch) probe.same(epoch, fence.epoch + 1, 'the epoch of the next taking')
    },
  },
  {
    name: 'a job whose lease has run out is taken again, behind the others',
    needs: ['enqueue', 'take'],
    async check(probe) {
      const put = [await probe.enqueued(), await probe.enqueued()]
      await probe.taken('a')
      probe.nowMs = 100
      probe.same([(await probe.taken('b')).job, (await probe.taken('b')).job], put.reverse(), 'the jobs')
    },
  },
  {
    name: 'an attempt counts when it begins, and attempts are bounded',
    needs: ['enqueue', 'take'],
    async check(probe) {
      await probe.enqueued()
      for (let attempt = 0; attempt < 2; attempt++) {
        await probe.taken('a', 2)
        probe.nowMs += 100
      }
      await probe.expect('idle', probe.take('a', 2), 'a third take')
    },
  },
  {
    name: 'a job is completed once, by its latest taker',
    needs: ['enqueue', 'take', 'complete'],
    async check(probe) {
      await probe.enqueued()
      const old = await probe.taken('a')
      probe.nowMs = 100
      const fence = await probe.taken('b')
      const refusedTwice = async (by: JobFence, what: string) => {
        await probe.refused(probe.ask('complete', by.owner, { fence: by }), what)
        await probe.refused(probe.send(probe.last), `${what}, sent again`)
      }
      await refusedTwice(old, 'complete by an earlier taker')
      await probe.expect('completed', probe.ask('complete', 'b', { fence }), 'complete by the taker')
      await refusedTwice(fence, 'complete of what is done')
    },
  },
  {
    name: 'a job that is given back is taken again',
    needs: ['enqueue', 'take', 'fail'],
    async check(probe) {
      const put = await probe.enqueued()
      const fence = await probe.taken('a')
      await probe.expect('failed', probe.ask('fail', 'a', { fence }), 'fail')
      probe.same((await probe.taken('b')).job, put, 'the job')
    },
  },
]
