import { type Command, isRefusal } from '../protocol/index.js'
import type { ContractCheck } from './check.js'
import { everyWay } from './fences.js'
import { alike, shown } from './names.js'
import { LONG_SILENCE_MS, LONG_TTL_MS, MANY, type Probe, RESTARTS, UNEVEN_TTLS_MS } from './probe.js'

/** A copy of a request may make the lease last longer, if it does: from here on it is 1 ms before the end that was told. */
async function lastsAsTold(probe: Probe, toldMs: number, beforeMs: number, what: string): Promise<void> {
  probe.atLeast(toldMs, beforeMs, `end of the lease of the same ${what}`)
  probe.nowMs = toldMs - 1
  await probe.refused(probe.acquire('c'), `acquire by another 1 ms before the end that the same ${what} was told`)
}

/** Who is granted a space, when, and for how long. */
export const grants: readonly ContractCheck[] = [
  {
    name: 'a free space is granted',
    needs: ['acquire'],
    async check(probe) {
      probe.nowMs += 10
      const { fence, expiresAtMs } = await probe.grant('a')
      probe.same(expiresAtMs, probe.nowMs + 100, `expiry of a lease of 100 ms granted at ${probe.nowMs} ms`)
      probe.same([fence.space, fence.owner], ['s', 'a'], 'space and owner of the fence')
    },
  },
  {
    name: 'a live lease is not granted to another',
    needs: ['acquire'],
    async check(probe) {
      const { fence, expiresAtMs } = await probe.grant('a')
      // Of a core that grants less than was asked for, no more is live than it has said.
      probe.nowMs = Math.max(probe.nowMs, Math.min(probe.nowMs + 100, expiresAtMs) - 1)
      const reply = await probe.acquire('b')
      await probe.refused(reply, 'acquire by another while the lease is live')
      if (reply.kind !== 'lease-held') return
      // It need not say whose the lease is, and until when; or it says when another is granted, under a lock-delay.
      if (reply.owner !== '') probe.same(reply.owner, 'a', 'owner of the lease, as told to another')
      if (reply.epoch > 0) probe.same(reply.epoch, fence.epoch, 'epoch of the lease, as told to another')
      if (reply.expiresAtMs !== 0) probe.atLeast(reply.expiresAtMs, expiresAtMs, 'end of the lease, as told to another')
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
    name: 'a lease lasts for as long as was asked, to the millisecond',
    needs: ['acquire'],
    async check(probe) {
      for (const ttlMs of UNEVEN_TTLS_MS) {
        const space = `for ${ttlMs} ms`
        const { fence, expiresAtMs } = await probe.grant('a', space, ttlMs)
        probe.same(expiresAtMs, probe.nowMs + ttlMs, `end of a lease of ${ttlMs} ms granted at ${probe.nowMs} ms`)
        probe.nowMs += ttlMs - 1
        await probe.refused(
          probe.acquire('b', space, ttlMs),
          `acquire by another 1 ms before a lease of ${ttlMs} ms ends`,
        )
        probe.nowMs += 1
        for (const ask of everyWay(probe, fence))
          await probe.refused(ask(), `a fence when its lease of ${ttlMs} ms ends`)
      }
    },
  },
  {
    name: 'every grant to another has a higher epoch',
    needs: ['acquire'],
    async check(probe) {
      let before = 0
      for (let grants = 0; grants < MANY; grants++) {
        const { epoch } = await probe.granted(grants % 2 === 0 ? 'a' : 'b')
        probe.higher(epoch, before, 'the next epoch')
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
    name: 'of several leases of one owner none is released, renewed or ended with another',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a', 's', LONG_TTL_MS)
      await probe.granted('a', 't')
      probe.nowMs += 100
      await probe.refused(probe.acquire('c'), 'acquire by another when another lease of its owner has run out')
      if (probe.has('release')) {
        await probe.released(await probe.granted('a', 'u', LONG_TTL_MS))
        await probe.refused(probe.acquire('c'), 'acquire by another when its owner has released another space')
      }
      if (!probe.has('renew')) return
      const other = await probe.granted('a', 'v')
      await probe.granted('a', 'w')
      if (isRefusal(await probe.renew(other, LONG_TTL_MS))) return
      probe.nowMs += 100
      await probe.granted('b', 'w')
    },
  },
  {
    name: 'a live lease outlasts the grants of many other spaces',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a', 's', LONG_TTL_MS)
      for (let other = 0; other < MANY; other++) await probe.granted('b', `other ${other}`)
      await probe.refused(probe.acquire('b'), `acquire by another after ${MANY} other spaces were granted`)
    },
  },
  {
    name: 'spaces are told apart, however alike their names',
    needs: ['acquire'],
    async check(probe) {
      for (const [one, other] of alike) {
        const ask = (owner: string, space: string) => () => probe.acquire(owner, space, LONG_TTL_MS)
        // A store may refuse a name.
        if ((await probe.inTime('granted', ask('a', one))) === undefined) continue
        if ((await probe.inTime('granted', ask('b', other))) !== undefined) continue
        probe.nowMs += LONG_TTL_MS
        const afterwards = await probe.inTime('granted', ask('b', other))
        if (afterwards) probe.broken(`acquire of ${shown(other)}: refused until the lease of ${shown(one)} had run out`)
      }
    },
  },
  {
    name: 'owners and sessions are told apart, however alike their names',
    needs: ['acquire'],
    async check(probe) {
      for (const [one, other] of [...alike, ['a1', 'a'] as const]) {
        const ask = () => probe.acquire(one, `of ${one}`, LONG_TTL_MS)
        if ((await probe.inTime('granted', ask)) === undefined) continue
        const granted = probe.last
        // Of a1 and a: joined, session and request are the same text.
        for (const request of [granted.request, Number(`1${granted.request}`)]) {
          const asked = probe.send({ ...granted, session: other, owner: other, request } as Command)
          await probe.refused(asked, `acquire by ${shown(other)} of what ${shown(one)} holds`)
        }
      }
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
        probe.higher(next.epoch, epoch, 'the epoch after a restart')
        epoch = next.epoch
      }
    },
  },
  {
    name: 'epochs survive a long silence',
    needs: ['acquire'],
    async check(probe) {
      const { epoch } = await probe.granted('a')
      probe.nowMs += LONG_SILENCE_MS
      const next = await probe.granted('b')
      probe.higher(next.epoch, epoch, `the epoch after ${LONG_SILENCE_MS} ms`)
    },
  },
  {
    name: 'a live lease survives a restart of the store',
    needs: ['acquire'],
    async check(probe) {
      let fence = await probe.granted('a')
      probe.restart('lost')
      probe.nowMs += 50
      await probe.refused(probe.acquire('b'), 'acquire by another after a restart, while the lease is live')
      if (!probe.has('renew')) return
      for (let restarts = 1; restarts < RESTARTS; restarts++) {
        fence = (await probe.upheld('renewed', fence, (under) => probe.renew(under), 'renew')).fence
        probe.restart('lost')
        // By then it would have ended that was renewed.
        probe.nowMs += 60
        await probe.refused(probe.acquire('b'), 'acquire by another after a restart, while the renewed lease is live')
      }
      await probe.upheld('renewed', fence, (under) => probe.renew(under), 'renew')
      probe.restart('lost')
      probe.nowMs += 90
      await probe.refused(probe.acquire('b'), 'acquire by another after a restart, while the renewed lease is live')
    },
  },
  {
    name: 'a release survives a restart of the store',
    needs: ['acquire', 'release'],
    async check(probe) {
      await probe.released(await probe.granted('a', 's', LONG_TTL_MS))
      probe.restart('lost')
      await probe.granted('b')
    },
  },
  {
    name: 'an acquire that is sent again gets the same grant',
    needs: ['acquire'],
    async check(probe) {
      for (const owner of ['a', 'b', 'a']) {
        const { fence, expiresAtMs } = await probe.grant(owner)
        probe.nowMs += 20
        const again = await probe.expect('granted', probe.send(probe.last), 'the same acquire')
        probe.same(again.fence, fence, 'fence of the same acquire')
        await lastsAsTold(probe, again.expiresAtMs, expiresAtMs, 'acquire')
        probe.nowMs += 1
      }
    },
  },
  {
    name: 'an acquire that is sent again after a restart of the store is no second one',
    needs: ['acquire'],
    async check(probe) {
      for (const unsynced of ['lost', 'kept'] as const) {
        const { epoch } = await probe.granted('a')
        const asked = probe.last
        probe.restart(unsynced)
        probe.nowMs += 10
        const again = await probe.send(asked)
        if (again.kind === 'granted') probe.same(again.fence.epoch, epoch, 'epoch of the same acquire')
        probe.nowMs += LONG_TTL_MS
        const late = await probe.send(asked)
        if (late.kind === 'granted') probe.same(late.fence.epoch, epoch, 'epoch of the same acquire, after its lease')
      }
    },
  },
  {
    name: 'a renewal or a release that is sent again is answered as before',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const granted = await probe.granted('a')
      const { reply } = await probe.upheld('renewed', granted, (fence) => probe.renew(fence), 'renew')
      probe.nowMs += 20
      const again = await probe.expect('renewed', probe.send(probe.last), 'the same renewal')
      await lastsAsTold(probe, again.expiresAtMs, reply.expiresAtMs, 'renewal')
      if (!probe.has('release')) return
      probe.nowMs += 1
      await probe.released(await probe.granted('a'))
      await probe.expect('released', probe.send(probe.last), 'the same release')
    },
  },
  {
    name: 'a session that begins anew counts its requests anew',
    needs: ['acquire'],
    async check(probe) {
      let { epoch } = await probe.granted('a')
      for (const session of ['a, started again', 'a, and once more']) {
        probe.nowMs += 100
        let request = 0
        const asked = { kind: 'acquire', space: 's', owner: 'a', ttlMs: 100, queueMs: 0, inQueue: false } as const
        const ask = () => probe.send({ ...asked, session, request: ++request, clockMs: probe.nowMs })
        const { fence } = await probe.eventually('granted', ask, 'acquire by an owner that has started again')
        probe.higher(fence.epoch, epoch, 'the epoch that is granted to an owner that has started again')
        epoch = fence.epoch
      }
    },
  },
  {
    name: 'a late copy of an older acquire takes no effect',
    needs: ['acquire', 'release'],
    async check(probe) {
      const fence = await probe.granted('a', 's', LONG_TTL_MS)
      const older = probe.last
      await probe.released(fence)
      await probe.send(older)
      await probe.granted('b')
    },
  },
  {
    name: 'a renewal makes the lease last longer',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const fence = await probe.granted('a')
      probe.nowMs += 60
      const { reply } = await probe.upheld('renewed', fence, (under) => probe.renew(under), 'renew')
      probe.same(reply.expiresAtMs, probe.nowMs + 100, `expiry after a renewal at ${probe.nowMs} ms for 100 ms`)
      probe.nowMs += 99
      await probe.refused(probe.acquire('b'), 'acquire by another while the renewed lease is live')
      probe.nowMs += 1
      await probe.granted('b')
    },
  },
  {
    name: 'a renewal is for as long as it asks, whatever was granted before',
    needs: ['acquire', 'renew'],
    async check(probe) {
      for (const ttlMs of UNEVEN_TTLS_MS) {
        // One for less than is left need not take anything away.
        if (ttlMs <= 100) continue
        const space = `for ${ttlMs} ms`
        const granted = await probe.granted('a', space)
        probe.nowMs += 20
        const { reply } = await probe.upheld('renewed', granted, (fence) => probe.renew(fence, ttlMs), 'renew')
        probe.same(
          reply.expiresAtMs,
          probe.nowMs + ttlMs,
          `expiry after a renewal at ${probe.nowMs} ms for ${ttlMs} ms`,
        )
        probe.nowMs += ttlMs - 1
        await probe.refused(probe.acquire('b', space), `acquire by another 1 ms before a renewal for ${ttlMs} ms ends`)
        probe.nowMs += 1
        await probe.granted('b', space)
      }
    },
  },
  {
    name: 'a late copy of an older renewal does not shorten the lease',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const granted = await probe.granted('a')
      probe.nowMs += 10
      const { fence } = await probe.upheld('renewed', granted, (under) => probe.renew(under), 'renew')
      const older = probe.last
      probe.nowMs += 50
      if (isRefusal(await probe.renew(fence))) return 'not renewed a second time'
      probe.nowMs += 10
      await probe.send(older)
      probe.nowMs += 85
      await probe.refused(probe.acquire('b'), 'acquire by another, after a late copy of an older renewal')
      return undefined
    },
  },
  {
    name: 'a release frees the space',
    needs: ['acquire', 'release'],
    async check(probe) {
      const fence = await probe.granted('a', 's', LONG_TTL_MS)
      probe.nowMs += 1
      await probe.released(fence)
      await probe.granted('b')
    },
  },
  {
    name: 'epochs go on after a release',
    needs: ['acquire', 'release'],
    async check(probe) {
      const fence = await probe.granted('a')
      await probe.ask('release', 'a', { fence })
      const next = await probe.granted('b')
      probe.higher(next.epoch, fence.epoch, 'the epoch after a release')
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
      if (own.kind !== 'granted') return
      probe.higher(own.fence.epoch, fence.epoch, 'the epoch of a claim on a lapsed lease of one’s own')
    },
  },
  {
    name: 'who queues is served in order of asking',
    needs: ['acquire'],
    async check(probe) {
      await probe.granted('a')
      const first = await probe.acquire('b', 's', 100, 500)
      if (!('position' in first) || first.position === 0) return 'no queue'
      const second = await probe.acquire('c', 's', 100, 500)
      if ('position' in second && second.position > 0)
        probe.higher(second.position, first.position, 'place of the second in the queue')
      probe.nowMs += 100
      await probe.refused(probe.acquire('c', 's', 100, 500), 'acquire by the second in the queue')
      await probe.granted('b')
      return undefined
    },
  },
]
