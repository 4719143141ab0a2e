/** A process that appends to one log, and prints each seq when it is acknowledged: `appender SPEC NAMESPACE OWNER COUNT`. */
import { tokenMint } from '../../src/lease/index.js'
import { openStore, StoreError, storedCore } from '../../src/stores/index.js'

const [spec = '', namespace = '', owner = '', count = '0'] = process.argv.slice(2)
try {
  const store = await openStore(spec)
  if (store === undefined) throw new Error(`${spec} is no store`)
  const core = storedCore(store.namespace(namespace), tokenMint('secret'))
  // One owner for all: who appends is not the point, and a lease that all of them hold keeps none waiting.
  const asked = { session: owner, clockMs: 0, queueMs: 0, inQueue: false } as const
  const granted = await core.execute(
    { kind: 'acquire', space: 's', owner: 'all', ttlMs: 1_000, ...asked, request: 1 },
    0,
  )
  if (granted.kind !== 'granted') throw new Error(granted.kind)
  for (let request = 2; request < Number(count) + 2; request++) {
    const payload = `${owner} ${request}`
    const append = { kind: 'append', fence: granted.fence, type: 'entry', payload, session: owner, request } as const
    const reply = await core.execute(append, 1)
    if (reply.kind !== 'appended') throw new Error(reply.kind)
    console.log(reply.seq)
  }
  await store.close()
} catch (error) {
  if (!(error instanceof StoreError)) throw error
  console.log(`${error.problem.what} (${error.problem.found})`)
  process.exitCode = 3
}
