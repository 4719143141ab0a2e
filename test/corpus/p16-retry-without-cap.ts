import { defineSubject } from './machine.js'

/** A node asks again at once and without end while the store is away: consul #9469. */
export default defineSubject({
  name: 'P16 retry without jitter or cap',
  client: { retryAfterMs: () => 1 },
})
