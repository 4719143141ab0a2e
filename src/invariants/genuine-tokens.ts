import type { Invariant } from './invariant.js'
import { NO_TOKEN } from './no-token.js'

/** The latest epoch, and the token that was granted for it. */
interface Capability {
  epoch: number
  token: number
}

const neverGranted = (): Capability => ({ epoch: 0, token: NO_TOKEN })

function grant(capability: Capability, epoch: number, token: number): void {
  if (epoch > capability.epoch) {
    capability.epoch = epoch
    capability.token = token
  }
  // Granted twice, which breaks another rule, an epoch has two tokens, and either is genuine.
  else if (epoch === capability.epoch && token !== capability.token) capability.token = NO_TOKEN
}

/**
 * The token is the secret of one ownership: naming the right owner and epoch is not enough. A fence is a capability, as in
 * Dennis and Van Horn, "Programming semantics for multiprogrammed computations" (1966): it cannot be made up. A release is not
 * judged here: one that frees nothing may well be answered with yes.
 */
export const genuineTokens: Invariant = {
  name: 'genuine-tokens',
  rule: 'nothing is accepted with a token other than the one granted for its epoch',
  kinds: [
    'granted',
    'renewed',
    'valid',
    'appended',
    'checkpointed',
    'truncated',
    'enqueued',
    'taken',
    'completed',
    'failed',
  ],
  begin({ nodes, spaces }) {
    const leases = spaces.map(() => neverGranted())
    /** By space and number of the job. */
    const jobs: Map<number, Capability>[] = spaces.map(() => new Map())
    return {
      step({ kind, command, space, node, epoch, seq, token, repeated }) {
        switch (kind) {
          case 'granted':
            grant(leases[space] as Capability, epoch, token)
            return undefined
          case 'enqueued':
            // It may have the number of one that is over.
            if (!repeated) jobs[space]?.delete(seq)
            return undefined
          case 'taken': {
            const capability = jobs[space]?.get(seq) ?? neverGranted()
            jobs[space]?.set(seq, capability)
            grant(capability, epoch, token)
            return undefined
          }
          default: {
            const isOfJob = kind === 'completed' || kind === 'failed'
            const capability = isOfJob ? jobs[space]?.get(seq) : leases[space]
            if (capability === undefined || epoch !== capability.epoch) return undefined
            // A copy may be of a job that had this number before.
            if (isOfJob && repeated) return undefined
            if (token === capability.token || capability.token === NO_TOKEN) return undefined
            const what = isOfJob ? `${command} of job ${seq} by` : `${command} of`
            return `${spaces[space]} accepted ${what} ${nodes[node]} at epoch ${epoch} with a token that was never granted`
          }
        }
      },
    }
  },
}
