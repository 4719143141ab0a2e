/**
 * A process that appends to one log, and prints each seq when it is acknowledged: `appender SPEC NAMESPACE NAME COUNT`. If the
 * store fails, the last two lines say how, and what a look at the space gives then.
 */
import { tokenMint } from '../../src/lease/index.js'
import { keyOf, openStore, StoreError, storedCore } from '../../src/stores/index.js'

const [spec = '', namespace = '', session = '', count = '0'] = process.argv.slice(2)
const mint = tokenMint('secret')
// Who appends is not the point: all write as one owner, whose lease one of them claims for all.
const [space, owner, epoch] = ['s', 'all', 1]
const fence = { space, owner, epoch, token: mint(space, owner, epoch) }
const failed = (error: unknown): string => {
  if (!(error instanceof StoreError)) throw error
  process.exitCode = 3
  return `${error.problem.what} (${error.problem.found}): ${error.problem.todo}`
}
const store = await openStore(spec)
if (store === undefined) throw new Error(`${spec} is no store`)
const kept = store.namespace(namespace)
const core = storedCore(kept, mint)
try {
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
  console.log(failed(error))
  const look = kept.load(keyOf(space), keyOf(session))
  console.log(await look.then(({ version }) => `version ${version}`, failed))
}
