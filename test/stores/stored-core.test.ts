import { describe, expect, it } from 'vitest'
import { tokenMint } from '../../src/lease/index.js'
import { type Store, StoreError, storedCore } from '../../src/stores/index.js'

const acquire = (space: string, request: number) =>
  ({
    kind: 'acquire',
    space,
    owner: 'a',
    ttlMs: 100,
    clockMs: 0,
    queueMs: 0,
    inQueue: false,
    session: 'a',
    request,
  }) as const

/** A store that takes every swap, or none, counts what it is asked, and keeps nothing but versions. */
function countingStore(takes: boolean) {
  const records = new Map<string, { version: number; record: string }>()
  const asked = { loads: 0, swaps: 0 }
  const store: Store = {
    async load(key) {
      asked.loads += 1
      return { version: 0, record: undefined, ...records.get(key), session: undefined }
    },
    async swap(key, { version, record }) {
      asked.swaps += 1
      if (takes) records.set(key, { version: version + 1, record })
      return takes
    },
    view: () => Promise.reject(new Error('nobody reads')),
  }
  return { store, asked }
}

describe('the built-in core on a store', () => {
  it('gives up where another is quicker again and again, and says so', async () => {
    const { store, asked } = countingStore(false)
    const acquiring = Promise.resolve(storedCore(store, tokenMint('secret')).execute(acquire('s', 1), 0))
    await expect(acquiring).rejects.toThrow(StoreError)
    await expect(acquiring).rejects.toThrow('acquire on s did not get through')
    expect(asked.swaps).toBe(10_000)
  })

  it('remembers a space, and not so many that the memory fills', async () => {
    const { store, asked } = countingStore(true)
    const core = storedCore(store, tokenMint('secret'))
    for (const request of [1, 2, 3]) await core.execute(acquire('first', request), request)
    expect(asked.loads).toBe(1)
    for (let space = 0; space < 1_100; space++) await core.execute(acquire(`space-${space}`, 1), 10)
    expect(asked.loads).toBe(1_101)
    await core.execute(acquire('first', 4), 20)
    expect(asked.loads).toBe(1_102)
  })
})
