import { StepUnanswered } from '../../src/index.js'
import { defineSubject } from './machine.js'

/** A library that has no answer appends once more, though the first may be there: what idempotent producers are for, Kafka KIP-98. */
export default defineSubject({
  name: 'X26 appends again without an answer',
  runsOn: 'nodes',
  log: ({ builtIn, step, decided }) => ({
    ...builtIn.log,
    async append(command) {
      for (let tries = 1; ; tries++) {
        // To the store each is another request.
        const asked = { ...command, session: `${command.session}, ${tries}` }
        try {
          return await step((nowMs) => decided(builtIn.log.append(asked, nowMs)))
        } catch (error) {
          if (!(error instanceof StepUnanswered)) throw error
        }
      }
    },
  }),
})
