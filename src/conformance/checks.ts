import type { CommandKind } from '../log/index.js'
import type { Probe } from './probe.js'

/** One sentence of the contract, and how to see whether it holds. */
export interface ContractCheck {
  readonly name: string
  /** Without these commands there is nothing to check. */
  readonly needs: readonly CommandKind[]
  check(probe: Probe): Promise<void>
}

/** A write of any kind that the subject has, by which a fence can be tried. */
const tryFence = (probe: Probe, fence: Parameters<Probe['append']>[0]) =>
  probe.has('append')
    ? probe.append(fence, 1)
    : probe.has('validate')
      ? probe.ask('validate', fence.owner, { fence })
      : probe.ask('renew', fence.owner, { fence, ttlMs: 100 })

const leases: readonly ContractCheck[] = [
  {
    name: 'a free space is granted',
    needs: ['acquire'],
    async check(probe) {
      probe.nowMs = 10
      const { fence, expiresAtMs } = await probe.expect('granted', probe.acquire('a'), 'acquire of a free space')
      probe.same(expiresAtMs, 110, 'expiry of a lease of 100 ms granted at 10 ms')
      probe.same([fence.space, fence.owner], ['s', 'a'], 'space and owner of the fence')
    },
  },
  {
    name: 'a live lease is not granted to another',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a')
      probe.nowMs = 99
      await probe.refused(probe.acquire('b'), 'acquire by another while the lease is live')
    },
  },
  {
    name: 'a lease ends at its expiry: half open',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a')
      probe.nowMs = 100
      await probe.expect('granted', probe.acquire('b'), 'acquire by another at expiry')
    },
  },
  {
    name: 'every grant to another has a higher epoch',
    needs: ['acquire'],
    async check(probe) {
      let before = 0
      for (const owner of ['a', 'b', 'c', 'a']) {
        const { epoch } = await probe.granted(owner)
        if (epoch <= before) probe.same(epoch, before + 1, 'the next epoch')
        before = epoch
        probe.nowMs += 100
      }
    },
  },
  {
    name: 'spaces are independent',
    needs: ['acquire'],
    async check(probe) {
      for (const space of ['s', 't', "it's", 'a/b', 'a', 'ключ', '../s', '']) await probe.granted('a', space)
    },
  },
  {
    name: 'epochs survive a restart of the store',
    needs: ['acquire'],
    async check(probe) {
      const { epoch } = await probe.granted('a')
      probe.restart('lost')
      probe.nowMs = 500
      const next = await probe.granted('b')
      if (next.epoch <= epoch) probe.same(next.epoch, epoch + 1, 'the epoch after a restart')
    },
  },
  {
    name: 'a live lease survives a restart of the store',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a')
      probe.restart('lost')
      probe.nowMs = 50
      await probe.refused(probe.acquire('b'), 'acquire by another after a restart, while the lease is live')
    },
  },
  {
    name: 'an acquire that is sent again gets the same grant',
    needs: ['acquire'],
    async check(probe) {
      const first = await probe.expect('granted', probe.acquire('a'), 'acquire')
      probe.nowMs = 20
      const asked = { space: 's', owner: 'a', ttlMs: 100, queueMs: 0, inQueue: false }
      const again = await probe.expect(
        'granted',
        probe.ask('acquire', 'a', asked, probe.lastRequest),
        'the same acquire',
      )
      probe.same(again.fence, first.fence, 'fence of the same acquire')
    },
  },
  {
    name: 'a late copy of an older acquire takes no effect',
    needs: ['acquire', 'release'],
    async check(probe) {
      const fence = await probe.granted('a')
      const request = probe.lastRequest
      await probe.expect('released', probe.ask('release', 'a', { fence }), 'release')
      const asked = { space: 's', owner: 'a', ttlMs: 100, queueMs: 0, inQueue: false }
      await probe.ask('acquire', 'a', asked, request)
      await probe.granted('b')
    },
  },
  {
    name: 'a token is needed, and that of the right epoch',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const old = await probe.granted('a')
      probe.nowMs = 100
      const fence = await probe.granted('b')
      if (fence.token === '' && old.token === '') return
      await probe.refused(tryFence(probe, { ...fence, token: 'made up' }), 'a made-up token')
      await probe.refused(tryFence(probe, { ...fence, token: old.token }), 'the token of another epoch')
    },
  },
  {
    name: 'an owner of the past is refused',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const old = await probe.granted('a')
      probe.nowMs = 100
      await probe.granted('b')
      await probe.refused(probe.ask('renew', 'a', { fence: old, ttlMs: 100 }), 'renew under an older epoch')
      await probe.refused(tryFence(probe, old), 'a write under an older epoch')
    },
  },
  {
    name: 'who names the current epoch without owning it is refused',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const fence = await probe.granted('a')
      await probe.refused(tryFence(probe, { ...fence, owner: 'b' }), 'a write by another at the current epoch')
    },
  },
  {
    name: 'a renewal makes the lease last longer',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const fence = await probe.granted('a')
      probe.nowMs = 60
      const { expiresAtMs } = await probe.expect('renewed', probe.ask('renew', 'a', { fence, ttlMs: 100 }), 'renew')
      probe.same(expiresAtMs, 160, 'expiry after a renewal at 60 ms for 100 ms')
      probe.nowMs = 159
      await probe.refused(probe.acquire('b'), 'acquire by another while the renewed lease is live')
      probe.nowMs = 160
      await probe.granted('b')
    },
  },
  {
    name: 'a lease that has run out is not renewed',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const fence = await probe.granted('a')
      probe.nowMs = 100
      await probe.refused(probe.ask('renew', 'a', { fence, ttlMs: 100 }), 'renew at expiry')
    },
  },
  {
    name: 'a release frees the space at once',
    needs: ['acquire', 'release'],
    async check(probe) {
      const fence = await probe.granted('a')
      probe.nowMs = 1
      await probe.expect('released', probe.ask('release', 'a', { fence }), 'release')
      await probe.expect('granted', probe.acquire('b'), 'acquire by another right after the release')
    },
  },
  {
    name: 'a release by an owner of the past frees nothing',
    needs: ['acquire', 'release'],
    async check(probe) {
      const old = await probe.granted('a')
      probe.nowMs = 100
      await probe.granted('b')
      await probe.ask('release', 'a', { fence: old })
      await probe.refused(probe.acquire('c'), 'acquire after a release by an owner of the past')
    },
  },
  {
    name: 'epochs go on after a release',
    needs: ['acquire', 'release'],
    async check(probe) {
      const fence = await probe.granted('a')
      await probe.ask('release', 'a', { fence })
      const next = await probe.granted('b')
      if (next.epoch <= fence.epoch) probe.same(next.epoch, fence.epoch + 1, 'the epoch after a release')
    },
  },
  {
    name: 'a claim is granted at the epoch it expects, after expiry',
    needs: ['acquire', 'claim'],
    async check(probe) {
      const { epoch } = await probe.granted('a')
      const claim = (owner: string, expectedEpoch: number) =>
        probe.ask('claim', owner, { space: 's', owner, expectedEpoch, ttlMs: 100 })
      await probe.refused(claim('b', epoch), 'claim while the lease is live')
      probe.nowMs = 100
      await probe.refused(claim('b', epoch + 1), 'claim at an epoch that was never granted')
      await probe.expect('granted', claim('b', epoch), 'claim after expiry')
      probe.nowMs = 200
      await probe.refused(claim('c', epoch), 'claim at an epoch that has passed')
    },
  },
  {
    name: 'validate tells a fence that holds from one that does not',
    needs: ['acquire', 'validate'],
    async check(probe) {
      const fence = await probe.granted('a')
      probe.nowMs = 99
      await probe.expect('valid', probe.ask('validate', 'a', { fence }), 'validate of the current fence')
      probe.nowMs = 100
      await probe.refused(probe.ask('validate', 'a', { fence }), 'validate at expiry')
    },
  },
  {
    name: 'who queues is served in order of asking',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a')
      const first = await probe.acquire('b', 's', 100, 500)
      if (!('position' in first) || first.position === 0) return
      await probe.acquire('c', 's', 100, 500)
      probe.nowMs = 100
      await probe.refused(probe.acquire('c', 's', 100, 500), 'acquire by the second in the queue')
      await probe.granted('b')
    },
  },
]

const logs: readonly ContractCheck[] = [
  {
    name: 'events get the seqs 0, 1, 2, …, through a change of owner',
    needs: ['acquire', 'append'],
    async check(probe) {
      const fence = await probe.granted('a')
      const seqs = [await probe.appended(fence, 1), await probe.appended(fence, 2)]
      probe.nowMs = 100
      seqs.push(await probe.appended(await probe.granted('b'), 3))
      probe.same(seqs, [0, 1, 2], 'the seqs')
    },
  },
  {
    name: 'an append that is sent again is appended once',
    needs: ['acquire', 'append'],
    async check(probe) {
      const fence = await probe.granted('a')
      await probe.appended(fence, 1)
      const again = probe.ask('append', 'a', { fence, type: 'entry', payload: 1 }, probe.lastRequest)
      probe.same((await probe.expect('appended', again, 'the same append')).seq, 0, 'seq of the same append')
      probe.same(await probe.appended(fence, 2), 1, 'seq of the next append')
    },
  },
  {
    name: 'an append is refused after expiry',
    needs: ['acquire', 'append'],
    async check(probe) {
      const fence = await probe.granted('a')
      probe.nowMs = 100
      await probe.refused(probe.append(fence, 1), 'append at expiry')
    },
  },
  {
    name: 'an append is refused after a release',
    needs: ['acquire', 'append', 'release'],
    async check(probe) {
      const fence = await probe.granted('a')
      await probe.ask('release', 'a', { fence })
      await probe.refused(probe.append(fence, 1), 'append after a release')
    },
  },
  {
    name: 'what was appended is read back',
    needs: ['acquire', 'append', 'load', 'read'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const payload of [7, 8, 9]) await probe.appended(fence, payload)
      const { nextSeq } = await probe.expect('loaded', probe.ask('load', 'a', { space: 's' }), 'load')
      probe.same(nextSeq, 3, 'the head of the log')
      const page = await probe.expect('events', probe.ask('read', 'a', { space: 's', fromSeq: 1, limit: 9 }), 'read')
      probe.same(
        page.events.map(({ seq, payload }) => [seq, payload]),
        [
          [1, 8],
          [2, 9],
        ],
        'the events from 1 on',
      )
    },
  },
  {
    name: 'an acknowledged append survives a restart of the store',
    needs: ['acquire', 'append', 'load'],
    async check(probe) {
      const fence = await probe.granted('a')
      await probe.appended(fence, 1)
      probe.restart('lost')
      const { nextSeq } = await probe.expect('loaded', probe.ask('load', 'b', { space: 's' }), 'load after a restart')
      probe.same(nextSeq, 1, 'the head of the log after a restart')
    },
  },
  {
    name: 'a checkpoint is loaded as it was made, and survives a restart',
    needs: ['acquire', 'append', 'checkpoint', 'load'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const payload of [1, 2]) await probe.appended(fence, payload)
      await probe.expect(
        'checkpointed',
        probe.ask('checkpoint', 'a', { fence, nextSeq: 2, state: { sum: 3 } }),
        'checkpoint',
      )
      probe.restart('lost')
      const { checkpoint } = await probe.expect('loaded', probe.ask('load', 'b', { space: 's' }), 'load')
      probe.same([checkpoint?.nextSeq, checkpoint?.state], [2, { sum: 3 }], 'the checkpoint')
    },
  },
  {
    name: 'a checkpoint covers nothing that was not appended',
    needs: ['acquire', 'append', 'checkpoint'],
    async check(probe) {
      const fence = await probe.granted('a')
      await probe.appended(fence, 1)
      await probe.refused(probe.ask('checkpoint', 'a', { fence, nextSeq: 2, state: 0 }), 'checkpoint ahead of the log')
    },
  },
  {
    name: 'a checkpoint is refused from an owner of the past',
    needs: ['acquire', 'append', 'checkpoint'],
    async check(probe) {
      const old = await probe.granted('a')
      await probe.appended(old, 1)
      probe.nowMs = 100
      await probe.granted('b')
      await probe.refused(
        probe.ask('checkpoint', 'a', { fence: old, nextSeq: 1, state: 0 }),
        'checkpoint under an older epoch',
      )
    },
  },
  {
    name: 'only what a checkpoint covers is truncated',
    needs: ['acquire', 'append', 'checkpoint', 'truncate', 'read'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const payload of [1, 2, 3]) await probe.appended(fence, payload)
      await probe.ask('checkpoint', 'a', { fence, nextSeq: 2, state: 0 })
      await probe.refused(probe.ask('truncate', 'a', { fence, beforeSeq: 3 }), 'truncate beyond the checkpoint')
      await probe.expect(
        'truncated',
        probe.ask('truncate', 'a', { fence, beforeSeq: 2 }),
        'truncate up to the checkpoint',
      )
      const page = await probe.expect('events', probe.ask('read', 'a', { space: 's', fromSeq: 2, limit: 9 }), 'read')
      probe.same(
        page.events.map(({ payload }) => payload),
        [3],
        'the events that are left',
      )
      await probe.refused(probe.ask('read', 'a', { space: 's', fromSeq: 0, limit: 9 }), 'read of what was truncated')
    },
  },
]

const jobs: readonly ContractCheck[] = [
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

/** The contract of a subject, sentence by sentence. */
export const contract: readonly ContractCheck[] = [...leases, ...logs, ...jobs]
