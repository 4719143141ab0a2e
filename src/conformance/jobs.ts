import type { ContractCheck } from './check.js'

/** What becomes of jobs. */
export const jobs: readonly ContractCheck[] = [
  {
    name: 'jobs are taken in order of arrival',
    needs: ['enqueue', 'take'],
    async check(probe) {
      for (let job = 0; job < 3; job++) await probe.ask('enqueue', 'a', { space: 's' })
      const numbers = [await probe.taken('a'), await probe.taken('b'), await probe.taken('a')].map(({ job }) => job)
      probe.same(numbers, [0, 1, 2], 'the jobs')
      await probe.expect(
        'idle',
        probe.ask('take', 'b', { space: 's', owner: 'b', ttlMs: 100, maxAttempts: 3 }),
        'take of none',
      )
    },
  },
  {
    name: 'a job whose lease has run out is taken again, behind the others',
    needs: ['enqueue', 'take'],
    async check(probe) {
      for (let job = 0; job < 2; job++) await probe.ask('enqueue', 'a', { space: 's' })
      await probe.taken('a')
      probe.nowMs = 100
      probe.same([(await probe.taken('b')).job, (await probe.taken('b')).job], [1, 0], 'the jobs')
    },
  },
  {
    name: 'an attempt counts when it begins, and attempts are bounded',
    needs: ['enqueue', 'take'],
    async check(probe) {
      await probe.ask('enqueue', 'a', { space: 's' })
      for (let attempt = 0; attempt < 2; attempt++) {
        await probe.taken('a', 2)
        probe.nowMs += 100
      }
      await probe.expect(
        'idle',
        probe.ask('take', 'a', { space: 's', owner: 'a', ttlMs: 100, maxAttempts: 2 }),
        'a third take',
      )
    },
  },
  {
    name: 'a job is completed once, by its latest taker',
    needs: ['enqueue', 'take', 'complete'],
    async check(probe) {
      await probe.ask('enqueue', 'a', { space: 's' })
      const old = await probe.taken('a')
      probe.nowMs = 100
      const fence = await probe.taken('b')
      await probe.refused(probe.ask('complete', 'a', { fence: old }), 'complete by an earlier taker')
      await probe.expect('completed', probe.ask('complete', 'b', { fence }), 'complete by the taker')
      await probe.refused(probe.ask('complete', 'b', { fence }), 'complete of what is done')
    },
  },
  {
    name: 'a job that is given back is taken again',
    needs: ['enqueue', 'take', 'fail'],
    async check(probe) {
      await probe.ask('enqueue', 'a', { space: 's' })
      const fence = await probe.taken('a')
      await probe.expect('failed', probe.ask('fail', 'a', { fence }), 'fail')
      probe.same((await probe.taken('b')).job, 0, 'the job')
    },
  },
]
