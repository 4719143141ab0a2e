import { defineSubject } from './machine.js'

/** The holder still acts at the very millisecond at which its lease ends: Optum/dce #83. */
export default defineSubject({
  name: 'P07 <= at expiry on the holder’s side',
  client: { believes: (nowMs, untilMs) => nowMs <= untilMs },
})
