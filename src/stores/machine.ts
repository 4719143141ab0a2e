import { type JobCommand, type JobsRecord, stepJobs } from '../jobs/index.js'
import type { LeaseCommand, MintToken } from '../lease/index.js'
import { type LogCommand, type LogEffect, type SpaceRecord, stepSpace } from '../log/index.js'
import type { Reply } from '../protocol/index.js'

/** The steps that a store runs: the pure part of a lease core. */
export interface Machine {
  readonly stepSpace: typeof stepSpace
  readonly stepJobs: typeof stepJobs
}

export const builtInMachine: Machine = { stepSpace, stepJobs }

/** What a store keeps of a space, besides its log and its sessions. */
export interface SpaceState {
  record: SpaceRecord
  jobs: JobsRecord
}

export interface Stepped {
  readonly reply: Reply
  readonly effect?: LogEffect
}

/**
 * Steps `state` on, in place. Time does not go back: a process whose clock is behind would find a lease not yet begun, and
 * grant it to somebody else.
 */
export function step(
  state: SpaceState,
  machine: Machine,
  command: LeaseCommand | LogCommand | JobCommand,
  nowMs: number,
  mint: MintToken,
): Stepped {
  switch (command.kind) {
    case 'enqueue':
    case 'take':
    case 'complete':
    case 'fail': {
      const stepped = machine.stepJobs(state.jobs, command, nowMs, mint)
      state.jobs = stepped.record
      return stepped
    }
    default: {
      const atMs = Math.max(nowMs, state.record.lease.grantedAtMs)
      const stepped = machine.stepSpace(state.record, command, atMs, mint)
      state.record = stepped.record
      return stepped
    }
  }
}
