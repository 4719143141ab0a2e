import { fenceRefusals, isRefusal } from '../protocol/index.js'
import { contenderName, contenderOf, NOBODY, type TraceEvent } from '../trace/index.js'
import { AtFirstStep } from './at-first-step.js'
import type { Invariant } from './invariant.js'
import { LeaseStandings } from './lease-standings.js'

/**
 * What changes a space is accepted from the current owner alone, and while its lease lasts: neither from one before it, nor from
 * a node that merely names the current epoch. A release is not judged here: one that frees nothing may well be answered with yes, and
 * one that frees what is another's breaks mutual exclusion. Kleppmann, "How to do distributed locking" (2016), on the owner;
 * Gray and Cheriton, "Leases" (1989), on the time: what is not held any more gives no right.
 */
export const fencedWrites: Invariant = {
  name: 'fenced-writes',
  rule: 'a write is accepted only at the current epoch, only from the node that was granted it, and not when its lease is over',
  kinds: [
    'stepped',
    'granted',
    'renewed',
    'released',
    'appended',
    'checkpointed',
    'truncated',
    ...fenceRefusals,
    'superseded',
    'ahead-of-log',
    'checkpoint-mismatch',
    'reply-lost',
    'threw',
    'store-restarted',
  ],
  begin(cast) {
    const { spaces } = cast
    const epochs = new Float64Array(spaces.length)
    const owners = new Int32Array(spaces.length).fill(NOBODY)
    const leases = new LeaseStandings(cast)
    /** Whether the lease was live as the write began. */
    const wasLive = new AtFirstStep<boolean>()
    return {
      step(event) {
        const { kind, command, space, epoch, repeated, atMs, sinceMs } = event
        if (kind === 'store-restarted') {
          leases.storeRestarted(event)
          return undefined
        }
        if (kind === 'reply-lost' || kind === 'threw') {
          wasLive.cut(event)
          return undefined
        }
        if (kind === 'stepped') {
          if (isWrite(command)) wasLive.note(event, leases.isCurrent(event) && atMs < leases.endMs(space))
          return undefined
        }
        const began = wasLive.take(event)
        if (isRefusal({ kind })) return undefined
        if (kind === 'released') {
          leases.changed(event)
          return undefined
        }
        const contender = contenderOf(event, cast)
        if (kind === 'granted') {
          leases.granted(event)
          if (epoch <= (epochs[space] as number)) return undefined
          epochs[space] = epoch
          owners[space] = contender
          return undefined
        }
        // A copy of an accepted write is told the same again; that it wrote nothing is for other rules to see.
        if (repeated) {
          if (kind === 'renewed') leases.changed(event)
          return undefined
        }
        if (epoch !== epochs[space]) {
          return `${spaces[space]} accepted ${command} of ${contenderName(contender, cast)} at epoch ${epoch}; the current epoch was ${epochs[space]}`
        }
        if (contender === owners[space]) {
          const isLate = leases.isCurrent(event) && sinceMs >= leases.endMs(space) && began !== true
          if (kind === 'renewed') leases.changed(event)
          if (!isLate) return undefined
          return `${spaces[space]} accepted ${command} of ${contenderName(contender, cast)} at epoch ${epoch}, whose lease was over`
        }
        return `${spaces[space]} accepted ${command} of ${contenderName(contender, cast)} at epoch ${epoch}, which was ${contenderName(owners[space] as number, cast)}'s`
      },
    }
  },
}

const isWrite = (command: TraceEvent['command']): boolean =>
  command === 'renew' || command === 'append' || command === 'checkpoint' || command === 'truncate'
