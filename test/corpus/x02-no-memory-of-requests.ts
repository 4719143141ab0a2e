import { defineSubject } from './machine.js'

/** A request that arrives twice is executed twice. */
export default defineSubject({
  name: 'X02 no memory of requests',
  log({ builtIn }) {
    let fresh = 1_000_000
    return {
      ...builtIn.log,
      append: (command, nowMs) =>
        builtIn.log.append({ ...command, session: `${command.session}!`, request: fresh++ }, nowMs),
    }
  },
})
