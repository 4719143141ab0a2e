import type { Fence } from '../lease/index.js'
import type { ContractCheck } from './check.js'
import { everyWay, madeUpTokens, powerless } from './fences.js'
import { LONG_TTL_MS } from './probe.js'

/** What may be done under a fence, and under none that is old, made up or another's. */
export const fencing: readonly ContractCheck[] = [
  {
    name: 'a fence holds through a restart of the store, or its owner gets another',
    needs: ['acquire'],
    async check(probe) {
      for (const unsynced of ['lost', 'kept'] as const) {
        let fence = await probe.granted('a')
        probe.restart(unsynced)
        probe.nowMs += 10
        for (const [kind, accepted, ask] of [
          ['append', 'appended', (under: Fence) => probe.append(under, 1)],
          ['renew', 'renewed', (under: Fence) => probe.renew(under)],
        ] as const) {
          if (probe.has(kind)) fence = (await probe.upheld(accepted, fence, ask, `${kind} after a restart`)).fence
        }
        probe.nowMs += 100
      }
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
      for (const [token, what] of [...madeUpTokens(fence), [old.token, 'the token of another epoch'] as const])
        await powerless(probe, { ...fence, token }, what)
      return undefined
    },
  },
  {
    name: 'a token is of one space and one epoch, and cannot be guessed from their names',
    needs: ['acquire'],
    async check(probe) {
      const fence = await probe.granted('a')
      if (fence.token === '') return 'no tokens'
      const another = (token: string, what: string) => {
        if (token === fence.token) probe.broken(`the token of ${what}: expected another, found the same`)
      }
      const other = await probe.granted('a', 't')
      another(other.token, 'another space')
      await powerless(probe, { ...fence, token: other.token }, 'the token of another space')
      for (const ask of everyWay(probe, { ...other, space: 'never granted' }))
        await probe.refused(ask(), 'the fence of another space')
      probe.nowMs += 100
      const next = await probe.granted('a')
      if (next.epoch > fence.epoch) another(next.token, 'the next epoch')
      // Last: on a store of ours nothing is left of what was here.
      const elsewhere = await probe.elsewhere().granted('a')
      another(elsewhere.token, 'a store of its own (tokens are made with mint, secret or random)')
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
      for (const ask of everyWay(probe, old)) await probe.refused(ask(), 'an older fence')
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
      await powerless(probe, old, 'an older fence of the same owner')
      return undefined
    },
  },
  {
    name: 'who names an epoch without owning it is refused',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const fence = await probe.granted('a')
      await powerless(probe, { ...fence, owner: 'b' }, 'the fence of another at the current epoch')
      await powerless(probe, { ...fence, epoch: fence.epoch + 1 }, 'a fence of an epoch that was never granted')
    },
  },
  {
    name: 'a lease that has run out is neither renewed nor written under',
    needs: ['acquire', 'renew'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const afterMs of [100, 400]) {
        probe.nowMs += afterMs
        for (const ask of everyWay(probe, fence)) await probe.refused(ask(), 'the fence of a lease that has run out')
      }
    },
  },
  {
    name: 'a lease that was released is neither renewed nor written under',
    needs: ['acquire', 'release'],
    async check(probe) {
      const fence = await probe.granted('a', 's', LONG_TTL_MS)
      await probe.released(fence)
      for (const ask of everyWay(probe, fence)) await probe.refused(ask(), 'the fence of a lease that was released')
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
    name: 'validate tells a fence that holds from one that does not',
    needs: ['acquire', 'validate'],
    async check(probe) {
      const validate = (fence: Fence) => probe.ask('validate', fence.owner, { fence })
      const valid = async ({ fence, expiresAtMs }: { readonly fence: Fence; readonly expiresAtMs: number }) => {
        const reply = await probe.expect('valid', validate(fence), 'validate of the current fence')
        probe.same(reply.expiresAtMs, expiresAtMs, 'end of the lease, as told to who validates')
      }
      const first = await probe.grant('a')
      // A fence may be refused a little early, so that what is written under it lands in time.
      probe.nowMs += 89
      await valid(first)
      probe.nowMs += 11
      await probe.refused(validate(first.fence), 'validate at expiry')
      if (!probe.has('release')) return
      const second = await probe.grant('b')
      await valid(second)
      const { fence } = second
      await probe.released(fence)
      await probe.refused(validate(fence), 'validate after a release')
      await probe.granted('c')
      await probe.refused(validate(fence), 'validate after a release and a grant to another')
    },
  },
]
