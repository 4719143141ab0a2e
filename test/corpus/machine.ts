import {
  defineSubject,
  type LogCommand,
  type Machine,
  type MintToken,
  type SpaceRecord,
  type SpaceTransition,
  type Subject,
  stepJobs,
  stepLease,
  stepSpace,
} from '../../src/index.js'

/** The built-in steps, with others for the lease. */
export function leaseSteps(step: typeof stepLease): Pick<Machine, 'stepSpace'> {
  return {
    stepSpace(record, command, nowMs, mint) {
      switch (command.kind) {
        case 'append':
        case 'checkpoint':
        case 'truncate':
          return stepSpace(record, command, nowMs, mint)
        default: {
          const { record: lease, reply } = step(record.lease, command, nowMs, mint)
          return { record: { lease, log: record.log }, reply }
        }
      }
    },
  }
}

/** The built-in subject, with other steps of the lease. */
export function withLease(name: string, step: typeof stepLease): Subject {
  return onMachine(name, leaseSteps(step))
}

/** The built-in subject, with other steps of the log. */
export function withLog(
  name: string,
  step: (record: SpaceRecord, command: LogCommand, nowMs: number, mint: MintToken) => SpaceTransition,
): Subject {
  return onMachine(name, {
    stepSpace(record, command, nowMs, mint) {
      switch (command.kind) {
        case 'append':
        case 'checkpoint':
        case 'truncate':
          return step(record, command, nowMs, mint)
        default:
          return stepSpace(record, command, nowMs, mint)
      }
    },
  })
}

/** The built-in subject, with other steps of the jobs. */
export function withJobs(name: string, step: typeof stepJobs): Subject {
  return onMachine(name, { stepJobs: step })
}

function onMachine(name: string, machine: Partial<Machine>): Subject {
  return defineSubject({
    name,
    core: ({ builtIn }) => builtIn.on(machine).core,
    log: ({ builtIn }) => builtIn.on(machine).log,
    jobs: ({ builtIn }) => builtIn.on(machine).jobs,
  })
}

export { defineSubject, stepJobs, stepLease, stepSpace }
