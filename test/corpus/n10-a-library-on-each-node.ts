import { defineSubject, storedCore } from '../../src/index.js'
import { steppingStore } from '../support/stepping-store.js'

/** Each node has the core as a library, which is paused with it and forgets what it knew of the store when it crashes. */
export default defineSubject({
  name: 'N10 a library on each node',
  runsOn: 'nodes',
  core: (context) => storedCore(steppingStore(context), context.mint),
})
