import { describe, expect, it } from 'vitest'
import { type OpenStore, StoreError } from '../../src/stores/index.js'
import { openSqlite } from '../../src/stores/sqlite/sqlite.js'

/** What holds of the file that goes with a store, whatever it is opened by. */
export function describeOwnFile(driver: string): void {
  describe(`a SQLite file of its own, by ${driver}`, () => {
    const open = (file: string | undefined) => openSqlite(file, {}, [driver])
    const swap = { version: 0, sessionKey: 'a', session: '{}', atMs: 0, command: 'append', by: 'a' } as const
    const recordOf = async (store: OpenStore) => (await store.namespace('n').load('s', 'a')).record

    it('is shared from when it is told how', async () => {
      const store = await open(undefined)
      await store.namespace('n').swap('s', { ...swap, record: 'before', effect: undefined })
      const other = await open(store.spec().replace('sqlite=', ''))
      expect(await recordOf(other)).toBe('before')
      const next = { ...swap, session: undefined, effect: undefined }
      expect(await other.namespace('n').swap('s', { ...next, version: 1, record: 'theirs' })).toBe(true)
      expect(await recordOf(store)).toBe('theirs')
      expect(await store.namespace('n').swap('s', { ...next, version: 2, record: 'ours' })).toBe(true)
      expect(await recordOf(other)).toBe('ours')
      await other.close()
      await store.close()
    })

    it('undoes what it cannot do wholly, while nobody shares it', async () => {
      const store = await open(undefined)
      const { swap: swapping, load } = store.namespace('n')
      const event = { kind: 'append', event: { seq: 0, epoch: 1, owner: 'a', type: 't', payload: 1 } } as const
      expect(await swapping('s', { ...swap, record: 'one', effect: event })).toBe(true)
      const again = { ...swap, version: 1, session: undefined, record: 'two', effect: event }
      await expect(swapping('s', again)).rejects.toThrow(StoreError)
      expect((await load('s', 'a')).record).toBe('one')
      await expect(swapping('s', { ...again, session: 'told' })).rejects.toThrow(StoreError)
      expect(await load('s', 'a')).toEqual({ version: 1, record: 'one', session: '{}' })
      expect(await swapping('s', { ...again, record: 'two', effect: undefined })).toBe(true)
      const shared = await open(store.spec().replace('sqlite=', ''))
      expect(await recordOf(shared)).toBe('two')
      expect((await shared.namespace('n').view('s', 0, 9)).events).toHaveLength(1)
      await shared.close()
      await store.close()
    })

    it('is of no use once it has been closed, and says so', async () => {
      const store = await open(undefined)
      const { load } = store.namespace('n')
      await store.close()
      for (const use of [
        () => store.spec(),
        () => store.namespace('m'),
        () => load('s', 'a'),
        () => store.remove('n'),
      ]) {
        await expect(async () => use()).rejects.toMatchObject({ problem: { what: 'the SQLite store has been closed' } })
      }
    })
  })
}
