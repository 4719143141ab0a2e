import { defineSubject } from './machine.js'

/** The holder counts its TTL from when the reply came, however long that took: redlock 5 beta. */
export default defineSubject({
  name: 'P09 no elapsed-time check after acquire',
  client: { believesUntilMs: ({ receivedAtMs, ttlMs }) => receivedAtMs + ttlMs },
})
