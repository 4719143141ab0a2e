import { defineSubject } from './machine.js'

/** A request that arrives twice is executed twice. */
export default defineSubject({
  name: 'X02 no memory of requests',
  log({ builtIn, durable }) {
    const numbers = durable('numbers', () => ({ next: 1 }))
    return {
      ...builtIn.log,
      append: (command, nowMs) =>
        builtIn.log.append({ ...command, session: `${command.session}!`, request: numbers.next++ }, nowMs),
    }
  },
})
