import type { Invariant } from './invariant.js'

/**
 * A log is one sequence: each append gets the next `seq`, and no `seq` is ever given to two events. The log matching
 * property of Ongaro and Ousterhout, "In search of an understandable consensus algorithm" (2014).
 */
export const contiguousLog: Invariant = {
  name: 'contiguous-log',
  rule: "every event appended to a space's log has the next seq, 0, 1, 2, … without gap or fork, and nobody is told of more",
  kinds: ['appended', 'loaded', 'events'],
  begin({ nodes, spaces }) {
    const nextSeqs = new Float64Array(spaces.length)
    return {
      step({ kind, space, node, seq, untilMs, repeated }) {
        const nextSeq = nextSeqs[space] as number
        if (kind === 'loaded') {
          return seq <= nextSeq
            ? undefined
            : `${nodes[node]} was told that the log of ${spaces[space]} ends at seq ${seq}; the next seq was ${nextSeq}`
        }
        if (kind === 'events') {
          return untilMs <= nextSeq || untilMs <= seq
            ? undefined
            : `${nodes[node]} was given events of ${spaces[space]} up to seq ${untilMs - 1}; the next seq was ${nextSeq}`
        }
        if (seq === nextSeq) nextSeqs[space] = seq + 1
        else if (!(repeated && seq < nextSeq)) {
          return `${spaces[space]} gave seq ${seq} to an event of ${nodes[node]}; the next seq was ${nextSeq}`
        }
        return undefined
      },
    }
  },
}
