import type { Json } from '../log/index.js'
import type { ContractCheck } from './check.js'
import { everyWay, madeUpTokens, writes } from './fences.js'
import { alike, shown } from './names.js'
import { LONG_SILENCE_MS, LONG_TTL_MS, MANY, RESTARTS } from './probe.js'

/** What a text file, a number or what is taken for nothing would not keep. An object has one key: their order is a store's own. */
const payloads: readonly Json[] = [
  null,
  '',
  false,
  0,
  -1.5,
  'two\nlines',
  '\'it\' is "quoted" \\',
  'ключ ✓ e\u0301 😀',
  // Longer than a column may be.
  'x'.repeat(300),
  '2',
  [],
  {},
  { nested: [1, { deeper: ['x', null, true] }] },
]

/** Events by type and payload, of which two in a row are equal. */
const twins: readonly (readonly [type: string, payload: Json])[] = [
  ['entry', 7],
  ['other', 7],
  ['other', 7],
  ['two words', 'x'],
  ['two words', 'x'],
]

/** What is kept in a log, and who may write it. */
export const logs: readonly ContractCheck[] = [
  {
    name: 'events get the seqs 0, 1, 2, …, through a change of owner',
    needs: ['acquire', 'append'],
    async check(probe) {
      const fence = await probe.granted('a')
      const seqs = [await probe.appended(fence, 1), await probe.appended(fence, 2)]
      probe.nowMs += 100
      seqs.push(await probe.appended(await probe.granted('b'), 3))
      probe.same(seqs, [0, 1, 2], 'the seqs')
    },
  },
  {
    name: 'an append that is sent again is appended once',
    needs: ['acquire', 'append'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const expected of [0, 1, 2]) {
        probe.same(await probe.appended(fence, expected), expected, 'seq of the next append')
        const { seq } = await probe.expect('appended', probe.send(probe.last), 'the same append')
        probe.same(seq, expected, 'seq of the same append')
      }
    },
  },
  {
    name: 'an append that is sent again after a restart of the store is no second one',
    needs: ['acquire', 'append', 'load'],
    async check(probe) {
      for (const [at, unsynced] of (['lost', 'kept'] as const).entries()) {
        const seq = await probe.appended(await probe.granted('a'), at)
        const asked = probe.last
        probe.restart(unsynced)
        const again = await probe.send(asked)
        if (again.kind === 'appended') probe.same(again.seq, seq, 'seq of the same append')
        probe.same((await probe.loaded()).nextSeq, at + 1, 'the head of the log')
        probe.nowMs += 100
      }
    },
  },
  {
    name: 'a write is refused after expiry',
    needs: ['acquire', 'append'],
    async check(probe) {
      const fence = await probe.granted('a')
      probe.nowMs += 85
      // Who writes has not asked for more time.
      await probe.append(fence, 1)
      probe.nowMs += 15
      for (const write of everyWay(probe, fence, writes)) await probe.refused(write(), 'a write at expiry')
    },
  },
  {
    name: 'a write is refused after a release',
    needs: ['acquire', 'append', 'release'],
    async check(probe) {
      const fence = await probe.granted('a')
      await probe.released(fence)
      for (const write of everyWay(probe, fence, writes)) await probe.refused(write(), 'a write after a release')
    },
  },
  {
    name: 'a write needs the token of its epoch',
    needs: ['acquire', 'append'],
    async check(probe) {
      const fence = await probe.granted('a')
      if (fence.token === '') return 'no tokens'
      for (const [token, what] of madeUpTokens(fence)) {
        for (const write of everyWay(probe, { ...fence, token }, writes))
          await probe.refused(write(), `a write with ${what}`)
      }
      const other = await probe.granted('a', 't')
      for (const made of [
        { ...fence, token: other.token },
        { ...other, space: 'never granted' },
      ])
        for (const write of everyWay(probe, made, writes))
          await probe.refused(write(), 'a write with the token of another space')
      return undefined
    },
  },
  {
    name: 'a checkpoint or a truncation that is sent again is answered as before',
    needs: ['acquire', 'append', 'checkpoint'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const payload of [1, 2]) await probe.appended(fence, payload)
      await probe.checkpointed(fence, 2, 3)
      const again = await probe.expect('checkpointed', probe.send(probe.last), 'the same checkpoint')
      probe.same(again.nextSeq, 2, 'next seq of the same checkpoint')
      if (!probe.has('truncate')) return
      await probe.truncated(fence, 2, 'truncate up to the checkpoint')
      await probe.expect('truncated', probe.send(probe.last), 'the same truncate')
    },
  },
  {
    name: 'a log keeps as many events as are appended, and knows the first of them again',
    needs: ['acquire', 'append', 'load', 'read'],
    async check(probe) {
      const fence = await probe.granted('a', 's', LONG_TTL_MS)
      await probe.appended(fence, 0)
      const first = probe.last
      // No checkpoint says that they are not needed.
      for (let seq = 1; seq < MANY; seq++) {
        const append = () => probe.ask('append', `session ${seq}`, { fence, type: 'entry', payload: seq })
        await probe.done('appended', append, 'append in a session of its own')
      }
      for (const when of ['', ', after a restart of the store']) {
        const again = probe.maySendAgain(first) ? await probe.send(first) : undefined
        if (again?.kind === 'appended') probe.same(again.seq, 0, `seq of the first append, sent again${when}`)
        const { nextSeq } = await probe.loaded()
        const payloads = (await probe.events(0, nextSeq)).map(({ payload }) => payload)
        probe.same(payloads, [...Array(MANY).keys()], `the payloads of ${MANY} events${when}`)
        probe.restart('lost')
      }
    },
  },
  {
    name: 'a log and its checkpoint survive a long silence',
    needs: ['acquire', 'append', 'load', 'read'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const payload of [1, 2, 3]) await probe.appended(fence, payload)
      if (probe.has('checkpoint')) await probe.checkpointed(fence, 1, 'of one event')
      probe.nowMs += LONG_SILENCE_MS
      const { nextSeq, checkpoint } = await probe.loaded()
      probe.same(nextSeq, 3, `the head of the log after ${LONG_SILENCE_MS} ms`)
      if (probe.has('checkpoint')) {
        const kept = [checkpoint?.nextSeq, checkpoint?.state]
        probe.same(kept, [1, 'of one event'], `the checkpoint after ${LONG_SILENCE_MS} ms`)
      }
      const left = (await probe.events(1, nextSeq)).map(({ payload }) => payload)
      probe.same(left, [2, 3], `the events after ${LONG_SILENCE_MS} ms`)
    },
  },
  {
    name: 'what was appended is read back',
    needs: ['acquire', 'append', 'load', 'read'],
    async check(probe) {
      const fence = await probe.granted('a')
      // A log that keeps its last few alone would still have as many as there are in a handful.
      const appended = Array.from({ length: 20 }, (_, seq) => [seq, seq + 7] as const)
      for (const [, payload] of appended) await probe.appended(fence, payload)
      const { nextSeq } = await probe.loaded()
      probe.same(nextSeq, 20, 'the head of the log')
      for (const fromSeq of [0, 1]) {
        const events = (await probe.events(fromSeq, nextSeq)).map(({ seq, payload }) => [seq, payload])
        probe.same(events, appended.slice(fromSeq), `the events from ${fromSeq} on`)
      }
    },
  },
  {
    name: 'any JSON is read back as it was, and what is appended twice is there twice',
    needs: ['acquire', 'append', 'load', 'read'],
    async check(probe) {
      const fence = await probe.granted('a')
      const appended = [...payloads.map((payload) => ['entry', payload] as const), ...twins]
      const seqs = []
      for (const [type, payload] of appended) seqs.push(await probe.appended(fence, payload, type))
      probe.same(seqs, [...appended.keys()], 'the seqs')
      const events = await probe.events(0, appended.length)
      const read = events.map(({ type, payload }) => [type, payload])
      for (const [at, event] of appended.entries()) probe.same(read[at], event, `the event at seq ${at}`)
    },
  },
  {
    name: 'logs are told apart, however alike the names of their spaces',
    needs: ['acquire', 'append', 'load', 'read'],
    async check(probe) {
      for (const pair of alike) {
        const lengths = [0, 0]
        for (const [at, space] of pair.entries()) {
          const grant = await probe.inTime('granted', () => probe.acquire('a', space))
          // A store may refuse a name.
          if (grant === undefined) continue
          for (let events = 0; events <= at; events++) await probe.appended(grant.fence, space)
          lengths[at] = at + 1
        }
        for (const [at, space] of pair.entries()) {
          if (lengths[at] === 0) continue
          const { nextSeq } = await probe.loaded(space)
          probe.same(nextSeq, lengths[at], `the head of the log of ${shown(space)}`)
          const read = (await probe.events(0, nextSeq, space)).map(({ payload }) => payload)
          probe.same(
            read,
            read.map(() => space),
            `what is in the log of ${shown(space)}`,
          )
        }
      }
    },
  },
  {
    name: 'an acknowledged append survives a restart of the store',
    needs: ['acquire', 'append', 'load'],
    async check(probe) {
      for (let restarts = 0; restarts < RESTARTS; restarts++) {
        const seq = await probe.appended(await probe.granted('a'), 1)
        probe.restart(restarts % 4 === 3 ? 'kept' : 'lost')
        probe.same((await probe.loaded()).nextSeq, seq + 1, 'the head of the log after a restart')
      }
    },
  },
  {
    name: 'the latest checkpoint is loaded as it was made, and survives a restart',
    needs: ['acquire', 'append', 'checkpoint', 'load'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const [nextSeq, state] of [
        [2, { sum: 3 }],
        [4, { states: payloads }],
      ] as const) {
        for (const payload of [1, 2]) await probe.appended(fence, payload)
        await probe.checkpointed(fence, nextSeq, state)
        const { checkpoint } = await probe.loaded()
        probe.same([checkpoint?.nextSeq, checkpoint?.state], [nextSeq, state], 'the checkpoint')
      }
      probe.restart('lost')
      const { checkpoint } = await probe.loaded()
      probe.same([checkpoint?.nextSeq, checkpoint?.state], [4, { states: payloads }], 'the checkpoint after a restart')
    },
  },
  {
    name: 'a checkpoint covers nothing that was not appended',
    needs: ['acquire', 'append', 'checkpoint'],
    async check(probe) {
      const fence = await probe.granted('a')
      await probe.appended(fence, 1)
      await probe.refused(probe.checkpoint(fence, 2, 0), 'checkpoint ahead of the log')
      if (!probe.has('load')) return
      const { checkpoint } = await probe.loaded()
      probe.atMost(checkpoint?.nextSeq ?? 0, 0, 'next seq of what is kept after a checkpoint ahead of the log')
    },
  },
  {
    name: 'a checkpoint does not go back',
    needs: ['acquire', 'append', 'checkpoint'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const payload of [1, 2]) await probe.appended(fence, payload)
      await probe.checkpointed(fence, 2, 3)
      const back = await probe.checkpoint(fence, 1, 1)
      // Instead of a refusal it may say which one it keeps.
      if (back.kind === 'checkpointed') probe.same(back.nextSeq, 2, 'next seq after a checkpoint before the latest one')
      if (!probe.has('load')) return
      const { checkpoint } = await probe.loaded()
      const kept = [checkpoint?.nextSeq, checkpoint?.state]
      probe.same(kept, [2, 3], 'the checkpoint that is kept after one before the latest one')
    },
  },
  {
    name: 'a write is refused from an owner of the past',
    needs: ['acquire', 'append'],
    async check(probe) {
      const old = await probe.granted('a')
      await probe.appended(old, 1)
      probe.nowMs += 100
      await probe.granted('b')
      for (const write of everyWay(probe, old, writes)) await probe.refused(write(), 'a write under an older epoch')
      if (probe.has('checkpoint')) await probe.refused(probe.checkpoint(old, 1, 0), 'checkpoint under an older epoch')
    },
  },
  {
    name: 'only what a checkpoint covers is truncated',
    needs: ['acquire', 'append', 'checkpoint', 'truncate'],
    async check(probe) {
      const fence = await probe.granted('a')
      for (const payload of [1, 2, 3]) await probe.appended(fence, payload)
      await probe.checkpointed(fence, 2, 0)
      // It may keep more than it has to, or cut off all that is covered; and instead of a refusal, keep what is not.
      const early = await probe.truncated(fence, 1, 'truncate before the checkpoint')
      probe.atMost(early.firstSeq, 2, 'first seq after truncate before the checkpoint')
      const beyond = await probe.truncate(fence, 3)
      if (beyond.kind === 'truncated')
        probe.atMost(beyond.firstSeq, 2, 'first seq after truncate beyond the checkpoint')
      const { firstSeq } = await probe.truncated(fence, 2, 'truncate up to the checkpoint')
      probe.atMost(firstSeq, 2, 'first seq after truncate up to the checkpoint')
      if (!probe.has('read')) return
      const left = (await probe.events(2, 3)).map(({ payload }) => payload)
      probe.same(left, [3], 'the events that are left')
      if (firstSeq === 0) return
      await probe.refused(probe.ask('read', 'a', { space: 's', fromSeq: 0, limit: 9 }), 'read of what was truncated')
    },
  },
]
