import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { tokenMint } from '../../src/lease/index.js'
import type { Command } from '../../src/protocol/index.js'
import { type OpenStore, openStore, runsOn, StoreError } from '../../src/stores/index.js'

const mint = tokenMint('secret')
const acquire = (owner: string): Command => ({
  kind: 'acquire',
  space: 's',
  owner,
  ttlMs: 100,
  clockMs: 0,
  queueMs: 0,
  inQueue: false,
  session: owner,
  request: 1,
})

/** `work` on runs of one store, of which namespaces are removed by `remove`. */
async function withRuns(
  remove: (open: OpenStore, name: string) => Promise<void>,
  work: (runs: ReturnType<typeof runsOn>, open: OpenStore) => Promise<void>,
): Promise<void> {
  const open = (await openStore('sqlite')) as OpenStore
  try {
    await work(runsOn({ ...open, remove: (name) => remove(open, name) }, 'runs'), open)
  } finally {
    await open.close()
  }
}

describe('one run after another', () => {
  it('begins with nothing for several commands at once', async () => {
    const slowly = async (open: OpenStore, name: string) => {
      await sleep(20)
      await open.remove(name)
    }
    await withRuns(slowly, async (runs) => {
      await runs(mint).execute(acquire('a'), 0)
      const second = runs(mint)
      const replies = await Promise.all(['b', 'c'].map((owner) => second.execute(acquire(owner), 0)))
      expect(replies).toMatchObject([{ kind: 'granted' }, { kind: 'lease-held', owner: 'b', epoch: 1 }])
    })
  })

  it('begins with nothing, where others have run before it', async () => {
    await withRuns(
      (open, name) => open.remove(name),
      async (runs, open) => {
        await runs(mint).execute(acquire('a'), 0)
        const reply = await runsOn(open, 'runs')(mint).execute(acquire('b'), 0)
        expect(reply).toMatchObject({ kind: 'granted', fence: { epoch: 1 } })
      },
    )
  })

  it('does not begin on what could not be removed', async () => {
    let removals = 0
    const once = async (open: OpenStore, name: string) => {
      removals += 1
      if (removals === 2) throw new StoreError({ what: 'gone', store: 'sqlite' })
      await open.remove(name)
    }
    await withRuns(once, async (runs) => {
      await runs(mint).execute(acquire('a'), 0)
      const second = runs(mint)
      await expect(second.execute(acquire('b'), 0)).rejects.toThrow('gone')
      expect(await second.execute(acquire('b'), 0)).toMatchObject({ kind: 'granted', fence: { epoch: 1 } })
    })
  })
})
