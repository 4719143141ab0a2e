/** A process that appends to one log, and prints each seq when it is acknowledged: `appender SPEC NAMESPACE NAME COUNT`. */
import { tokenMint } from '../../src/lease/index.js'
import { openStore, StoreError, storedCore } from '../../src/stores/index.js'

const [spec = '', namespace = '', session = '', count = '0'] = process.argv.slice(2)
const mint = tokenMint('secret')
// Who appends is not the point: all write as one owner, whose lease one of them claims for all.
const [space, owner, epoch] = ['s', 'all', 1]
const fence = { space, owner, epoch, token: mint(space, owner, epoch) }
try {
  const store = await openStore(spec)
  if (store === undefined) throw new Error(`${spec} is no store`)
  const core = storedCore(store.namespace(namespace), mint)
  const claim = {
    kind: 'claim',
    space,
    owner,
    ttlMs: 1_000,
    clockMs: 0,
    expectedEpoch: 0,
    session,
    request: 1,
  } as const
  await core.execute(claim, 0)
  for (let request = 2; request < Number(count) + 2; request++) {
    const payload = `${session} ${request}`
    const reply = await core.execute({ kind: 'append', fence, type: 'entry', payload, session, request }, 1)
    if (reply.kind !== 'appended') throw new Error(reply.kind)
    console.log(reply.seq)
  }
  await store.close()
} catch (error) {
  if (!(error instanceof StoreError)) throw error
  console.log(`${error.problem.what} (${error.problem.found})`)
  process.exitCode = 3
}
