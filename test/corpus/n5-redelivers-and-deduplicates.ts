import { defineSubject } from './machine.js'

/** Every append is delivered to the log twice; the log knows by its key that it has it already. */
export default defineSubject({
  name: 'N5 at-least-once redelivery with deduplication',
  log: ({ builtIn }) => ({
    ...builtIn.log,
    append(command, nowMs) {
      builtIn.log.append(command, nowMs)
      return builtIn.log.append(command, nowMs)
    },
  }),
})
