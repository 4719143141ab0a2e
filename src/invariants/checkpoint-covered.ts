import { AtFirstStep } from './at-first-step.js'
import type { Invariant } from './invariant.js'

/**
 * A checkpoint stands for events that are there, and is written by who owns the space: alpakka-kafka #118 (a stale
 * consumer's commit), kafka-monitor #303 (a commit ahead of what was done).
 */
export const checkpointCovered: Invariant = {
  name: 'checkpoint-covered',
  rule: 'a checkpoint never covers events that were not acknowledged, never goes back, never comes from a stale owner, and is loaded as it was made',
  kinds: ['stepped', 'granted', 'appended', 'checkpointed', 'loaded', 'superseded', 'reply-lost', 'threw'],
  begin({ nodes, spaces }) {
    const epochs = new Float64Array(spaces.length)
    const heads = new Float64Array(spaces.length)
    const checkpoints = new Float64Array(spaces.length)
    /** Digest of the state of the latest checkpoint; 0 where nobody has said what is in it. */
    const states = new Int32Array(spaces.length)
    const made = (node: number, space: number) => `${nodes[node]} made a checkpoint of ${spaces[space]}`
    /** The latest checkpoint as a load began: at which seq, and with which state. */
    const latest = new AtFirstStep<{ readonly seq: number; readonly state: number }>()
    return {
      step(event) {
        const { kind, command, space, node, epoch, seq, untilMs, content, repeated } = event
        if (kind === 'reply-lost' || kind === 'threw') {
          latest.cut(event)
          return undefined
        }
        if (kind === 'stepped') {
          if (command !== 'load') return undefined
          latest.note(event, { seq: checkpoints[space] as number, state: states[space] as number })
          return undefined
        }
        if (kind === 'granted') {
          epochs[space] = Math.max(epoch, epochs[space] as number)
          return undefined
        }
        if (kind === 'appended') {
          heads[space] = Math.max(seq + 1, heads[space] as number)
          return undefined
        }
        const begun = command === 'load' ? latest.take(event) : undefined
        if (repeated || kind === 'superseded') return undefined
        const latestSeq = checkpoints[space] as number
        if (kind === 'loaded') {
          // The one that was the latest as the load began, or one that came after: what was in that is not known any more.
          if (begun !== undefined && begun.seq === untilMs && begun.state === content) return undefined
          if (begun !== undefined && begun.seq <= untilMs && untilMs < latestSeq) return undefined
          if (untilMs < latestSeq) {
            const loaded = untilMs === 0 ? 'no checkpoint' : `a checkpoint at seq ${untilMs}`
            return `${nodes[node]} was given ${loaded} of ${spaces[space]}; the latest that was acknowledged is at ${latestSeq}`
          }
          const isAsMade = untilMs > latestSeq || states[space] === 0 || content === states[space]
          return isAsMade
            ? undefined
            : `${nodes[node]} was given the checkpoint of ${spaces[space]} at seq ${latestSeq} with another state than it was made with`
        }
        if (epoch !== epochs[space])
          return `${made(node, space)} under epoch ${epoch}; the current epoch was ${epochs[space]}`
        if (seq > (heads[space] as number)) return `${made(node, space)} at seq ${seq}; its log was at ${heads[space]}`
        if (seq < latestSeq) return `${made(node, space)} at seq ${seq}, after one at ${latestSeq}`
        if (seq > latestSeq || content !== 0) states[space] = content
        checkpoints[space] = seq
        return undefined
      },
    }
  },
}
