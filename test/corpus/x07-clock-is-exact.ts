import { defineSubject } from './machine.js'

/** A holder whose clock is slow believes for longer than its lease lasts. */
export default defineSubject({
  name: 'X07 the client takes its clock for exact',
  client: { believesUntilMs: ({ sentAtMs, ttlMs }) => sentAtMs + ttlMs },
})
