import { foldContent, isQuestion } from '../trace/index.js'
import { AtFirstStep } from './at-first-step.js'
import type { Invariant } from './invariant.js'

/** What is known of one space's log: the contents of its events from `firstSeq` on, and what may be missing before. */
interface Acknowledged {
  firstSeq: number
  /** The seq after the last event that was acknowledged. */
  nextSeq: number
  readonly contents: (number | undefined)[]
  truncatedSeq: number
  checkpointSeq: number
}

/**
 * An append that was acknowledged can be read for ever, or is covered by a checkpoint. What Jepsen's set and append
 * workloads check: Kingsbury, "Jepsen: NATS 2.12.1" (2025), found acknowledged messages lost after a restart.
 */
export const acknowledgedKept: Invariant = {
  name: 'acknowledged-kept',
  rule: 'an event whose append was acknowledged is never lost: it is in the log, or a checkpoint covers it',
  kinds: [
    'stepped',
    'appended',
    'checkpointed',
    'loaded',
    'events',
    'compacted',
    'truncated',
    'superseded',
    'reply-lost',
    'threw',
  ],
  begin({ nodes, spaces }) {
    const logs: Acknowledged[] = spaces.map(() => ({
      firstSeq: 0,
      nextSeq: 0,
      contents: [],
      truncatedSeq: 0,
      checkpointSeq: 0,
    }))
    const begun = new AtFirstStep<Pick<Acknowledged, 'nextSeq' | 'truncatedSeq'>>()
    return {
      step(event) {
        const { kind, command, space, node, seq, untilMs, content, repeated } = event
        if (kind === 'reply-lost' || kind === 'threw') {
          begun.cut(event)
          return undefined
        }
        const log = logs[space]
        if (log === undefined) return undefined
        if (kind === 'stepped') {
          if (isQuestion(command)) begun.note(event, { nextSeq: log.nextSeq, truncatedSeq: log.truncatedSeq })
          return undefined
        }
        // What is read may be as it was when the reading began.
        const { nextSeq: headSeq, truncatedSeq } = (isQuestion(command) && begun.take(event)) || log
        if (kind === 'superseded') return undefined
        // A copy of a question may be told what was true when the question first came.
        if (repeated && (kind === 'loaded' || kind === 'events' || kind === 'compacted')) return undefined
        switch (kind) {
          case 'appended':
            // A copy is told of what the first has written, unless it has written once more.
            if (seq >= log.firstSeq && !(repeated && seq < log.nextSeq)) log.contents[seq - log.firstSeq] = content
            log.nextSeq = Math.max(seq + 1, log.nextSeq)
            return undefined
          case 'checkpointed':
            log.checkpointSeq = Math.max(seq, log.checkpointSeq)
            return undefined
          case 'compacted': {
            // Who began to read before a checkpoint may come too late for what that covers.
            const coveredSeq = Math.max(log.truncatedSeq, log.checkpointSeq)
            const goneSeq = seq > coveredSeq ? coveredSeq : untilMs
            if (goneSeq < coveredSeq || goneSeq >= headSeq) return undefined
            return `${nodes[node]} was told that event ${goneSeq} of ${spaces[space]} is gone; it had been acknowledged, and no checkpoint covers it`
          }
          case 'truncated':
            if (!repeated && seq > log.checkpointSeq) {
              return `${nodes[node]} was told that the log of ${spaces[space]} begins at seq ${seq}; the latest checkpoint covers what is before ${log.checkpointSeq}`
            }
            if (seq > log.truncatedSeq) {
              log.truncatedSeq = seq
              log.contents.splice(0, seq - log.firstSeq)
              log.firstSeq = seq
            }
            return undefined
          case 'loaded':
            if (seq < headSeq) {
              return `${nodes[node]} was told that the log of ${spaces[space]} ends at seq ${seq}; events up to ${headSeq - 1} had been acknowledged`
            }
            // The checkpoint that the truncation relied on is gone, and with it what it covered.
            return untilMs >= truncatedSeq
              ? undefined
              : `${nodes[node]} was given a checkpoint of ${spaces[space]} at seq ${untilMs}; the events before ${truncatedSeq} had been truncated`
          default: {
            if (seq < log.firstSeq) return undefined
            if (untilMs <= seq && seq < headSeq) {
              return `${nodes[node]} read nothing of ${spaces[space]} from seq ${seq} on; events up to ${headSeq - 1} had been acknowledged`
            }
            let expected = 0
            for (let at = seq; at < untilMs; at++) {
              const known = log.contents[at - log.firstSeq]
              // Of what nobody appended, other rules speak.
              if (known === undefined) return undefined
              expected = foldContent(expected, known)
            }
            return content === expected
              ? undefined
              : `${nodes[node]} read other events of ${spaces[space]} from seq ${seq} to ${untilMs - 1} than were acknowledged`
          }
        }
      },
    }
  },
}
