import type { ContractCheck } from './check.js'
import { everyWay, madeUpTokens } from './fences.js'

/** What is kept in a log, and who may write it. */
export const logs: readonly ContractCheck[] = [
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
    name: 'a write needs the token of its epoch',
    needs: ['acquire', 'append'],
    async check(probe) {
      const fence = await probe.granted('a')
      if (fence.token === '') return 'no tokens'
      for (const [token, what] of madeUpTokens(fence)) {
        const writes = everyWay(probe, { ...fence, token }, ['append', 'checkpoint', 'truncate'])
        for (const write of writes) await probe.refused(write(), `a write with ${what}`)
      }
      return undefined
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
    name: 'a checkpoint does not go back',
    needs: ['acquire', 'append', 'checkpoint'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const payload of [1, 2]) await probe.appended(fence, payload)
      const checkpoint = (nextSeq: number) => probe.ask('checkpoint', 'a', { fence, nextSeq, state: nextSeq })
      await probe.expect('checkpointed', checkpoint(2), 'checkpoint')
      await probe.refused(checkpoint(1), 'checkpoint before the latest one')
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
      const cut = probe.ask('truncate', 'a', { fence, beforeSeq: 2 })
      const { firstSeq } = await probe.expect('truncated', cut, 'truncate up to the checkpoint')
      const page = await probe.expect('events', probe.ask('read', 'a', { space: 's', fromSeq: 2, limit: 9 }), 'read')
      probe.same(
        page.events.map(({ payload }) => payload),
        [3],
        'the events that are left',
      )
      // It may keep more than it has to.
      if (firstSeq === 0) return
      await probe.refused(probe.ask('read', 'a', { space: 's', fromSeq: 0, limit: 9 }), 'read of what was truncated')
    },
  },
]
