import { defineSubject } from '../../src/index.js'
import { steppingCore } from '../support/stepping-store.js'

/** Three processes on one store, each with what it remembers of it: whoever has not seen the latest version tries again. */
export default defineSubject({
  name: 'N7 many processes on one store',
  core: (context) => steppingCore(context, 3),
})
