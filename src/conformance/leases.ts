import type { Fence } from '../lease/index.js'
import type { Reply } from '../log/index.js'
import type { ContractCheck } from './check.js'
import { everyWay, madeUpTokens } from './fences.js'
import { LONG_TTL_MS, type Probe } from './probe.js'

/** A write of any kind that the subject has, by which a fence can be tried. */
const tryFence = (probe: Probe, fence: Fence): Promise<Reply> => (everyWay(probe, fence)[0] as () => Promise<Reply>)()

/** What a core has to do with leases. */
export const leases: readonly ContractCheck[] = [
  {
    name: 'a free space is granted',
    needs: ['acquire'],
    async check(probe) {
      probe.nowMs = 10
      const { fence, expiresAtMs } = await probe.eventually(
        'granted',
        () => probe.acquire('a'),
        'acquire of a free space',
      )
      probe.same(expiresAtMs, probe.nowMs + 100, `expiry of a lease of 100 ms granted at ${probe.nowMs} ms`)
      probe.same([fence.space, fence.owner], ['s', 'a'], 'space and owner of the fence')
    },
  },
  {
    name: 'a live lease is not granted to another',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a')
      probe.nowMs += 99
      await probe.refused(probe.acquire('b'), 'acquire by another while the lease is live')
    },
  },
  {
    name: 'a lease ends at its expiry',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a')
      probe.nowMs += 100
      await probe.granted('b')
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
      let { epoch } = await probe.granted('a')
      for (const [unsynced, owner] of [
        ['lost', 'b'],
        ['kept', 'c'],
      ] as const) {
        probe.restart(unsynced)
        probe.nowMs += 500
        const next = await probe.granted(owner)
        if (next.epoch <= epoch) probe.same(next.epoch, epoch + 1, 'the epoch after a restart')
        epoch = next.epoch
      }
    },
  },
  {
    name: 'a live lease survives a restart of the store',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a')
      probe.restart('lost')
      probe.nowMs += 50
      await probe.refused(probe.acquire('b'), 'acquire by another after a restart, while the lease is live')
    },
  },
  {
    name: 'an acquire that is sent again gets the same grant',
    needs: ['acquire'],
    async check(probe) {
      for (const owner of ['a', 'b', 'a']) {
        const fence = await probe.granted(owner)
        probe.nowMs += 20
        const again = await probe.expect('granted', probe.send(probe.last), 'the same acquire')
        probe.same(again.fence, fence, 'fence of the same acquire')
        probe.nowMs += 80
      }
    },
  },
  {
    name: 'a late copy of an older acquire takes no effect',
    needs: ['acquire', 'release'],
    async check(probe) {
      const fence = await probe.granted('a', 's', LONG_TTL_MS)
      const older = probe.last
      await probe.expect('released', probe.ask('release', 'a', { fence }), 'release')
      await probe.send(older)
      await probe.granted('b')
    },
  },
  {
    name: 'a token is needed, and that of the right epoch',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const old = await probe.granted('a')
      probe.nowMs += 100
      const fence = await probe.granted('b')
      if (fence.token === '' && old.token === '') return 'no tokens'
      for (const [token, what] of [...madeUpTokens(fence), [old.token, 'the token of another epoch'] as const]) {
        for (const ask of everyWay(probe, { ...fence, token })) await probe.refused(ask(), what)
        if (!probe.has('release')) continue
        await probe.ask('release', 'b', { fence: { ...fence, token } })
        await probe.refused(probe.acquire('c'), `acquire after a release with ${what}`)
      }
      return undefined
    },
  },
  {
    name: 'an owner of the past is refused',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const old = await probe.granted('a')
      probe.nowMs += 100
      await probe.granted('b')
      await probe.refused(probe.ask('renew', 'a', { fence: old, ttlMs: 100 }), 'renew under an older epoch')
      await probe.refused(tryFence(probe, old), 'a write under an older epoch')
    },
  },
  {
    name: 'an older fence of the same owner is refused',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const old = await probe.granted('a')
      probe.nowMs += 100
      const fence = await probe.granted('a')
      if (fence.epoch === old.epoch && fence.token === old.token) return 'the same fence again'
      for (const ask of everyWay(probe, old)) await probe.refused(ask(), 'an older fence of the same owner')
      if (probe.has('release')) await probe.ask('release', 'a', { fence: old })
      await probe.refused(probe.acquire('c'), 'acquire after a release under an older fence of the owner')
      return undefined
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
      probe.nowMs += 60
      const { expiresAtMs } = await probe.expect('renewed', probe.ask('renew', 'a', { fence, ttlMs: 100 }), 'renew')
      probe.same(expiresAtMs, probe.nowMs + 100, `expiry after a renewal at ${probe.nowMs} ms for 100 ms`)
      probe.nowMs += 99
      await probe.refused(probe.acquire('b'), 'acquire by another while the renewed lease is live')
      probe.nowMs += 1
      await probe.granted('b')
    },
  },
  {
    name: 'a late copy of an older renewal does not shorten the lease',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const fence = await probe.granted('a')
      const renew = () => probe.expect('renewed', probe.ask('renew', 'a', { fence, ttlMs: 100 }), 'renew')
      probe.nowMs += 10
      await renew()
      const older = probe.last
      probe.nowMs += 50
      await renew()
      probe.nowMs += 10
      await probe.send(older)
      probe.nowMs += 85
      await probe.refused(probe.acquire('b'), 'acquire by another, after a late copy of an older renewal')
    },
  },
  {
    name: 'a lease that has run out is not renewed',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const fence = await probe.granted('a')
      probe.nowMs += 100
      await probe.refused(probe.ask('renew', 'a', { fence, ttlMs: 100 }), 'renew at expiry')
    },
  },
  {
    name: 'a release frees the space',
    needs: ['acquire', 'release'],
    async check(probe) {
      const fence = await probe.granted('a', 's', LONG_TTL_MS)
      probe.nowMs += 1
      await probe.expect('released', probe.ask('release', 'a', { fence }), 'release')
      await probe.granted('b')
    },
  },
  {
    name: 'a release by an owner of the past frees nothing',
    needs: ['acquire', 'release'],
    async check(probe) {
      const old = await probe.granted('a')
      probe.nowMs += 100
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
      probe.nowMs += 100
      await probe.refused(claim('b', epoch + 1), 'claim at an epoch that was never granted')
      const { fence } = await probe.eventually('granted', () => claim('b', epoch), 'claim after expiry')
      probe.nowMs += 100
      await probe.refused(claim('c', epoch), 'claim at an epoch that has passed')
      // Who had it last may as well have to acquire it.
      const own = await claim('b', fence.epoch)
      if (own.kind !== 'granted' || own.fence.epoch > fence.epoch) return
      probe.same(own.fence.epoch, fence.epoch + 1, 'the epoch of a claim on a lapsed lease of one’s own')
    },
  },
  {
    name: 'validate tells a fence that holds from one that does not',
    needs: ['acquire', 'validate'],
    async check(probe) {
      const validate = (fence: Fence) => probe.ask('validate', fence.owner, { fence })
      const first = await probe.granted('a')
      probe.nowMs += 99
      await probe.expect('valid', validate(first), 'validate of the current fence')
      probe.nowMs += 1
      await probe.refused(validate(first), 'validate at expiry')
      if (!probe.has('release')) return
      const fence = await probe.granted('b')
      await probe.expect('valid', validate(fence), 'validate of the current fence')
      await probe.expect('released', probe.ask('release', 'b', { fence }), 'release')
      await probe.refused(validate(fence), 'validate after a release')
      await probe.granted('c')
      await probe.refused(validate(fence), 'validate after a release and a grant to another')
    },
  },
  {
    name: 'who queues is served in order of asking',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a')
      const first = await probe.acquire('b', 's', 100, 500)
      if (!('position' in first) || first.position === 0) return 'no queue'
      await probe.acquire('c', 's', 100, 500)
      probe.nowMs += 100
      await probe.refused(probe.acquire('c', 's', 100, 500), 'acquire by the second in the queue')
      await probe.granted('b')
      return undefined
    },
  },
]
