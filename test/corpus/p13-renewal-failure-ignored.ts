import { defineSubject } from './machine.js'

/** The holder takes every renewal for granted: kubernetes #23731. */
export default defineSubject({
  name: 'P13 a failed renewal is ignored',
  client: { afterRenewal: (_end, { nextUntilMs }) => nextUntilMs },
})
