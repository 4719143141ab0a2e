import { defineSubject } from './machine.js'

/** A holder stops at half of its lease. */
export default defineSubject({
  name: 'N2 a holder that gives up early',
  client: { believesUntilMs: ({ sentAtMs, ttlMs }) => sentAtMs + (ttlMs >> 1) },
})
