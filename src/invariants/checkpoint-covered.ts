import type { Invariant } from './invariant.js'

/**
 * A checkpoint stands for events that are there, and is written by who owns the space: alpakka-kafka #118 (a stale
 * consumer's commit), kafka-monitor #303 (a commit ahead of what was done).
 */
export const checkpointCovered: Invariant = {
  name: 'checkpoint-covered',
  rule: 'a checkpoint never covers events that were not acknowledged, never goes back, and never comes from a stale owner',
  kinds: ['granted', 'appended', 'checkpointed'],
  begin({ nodes, spaces }) {
    const epochs = new Float64Array(spaces.length)
    const heads = new Float64Array(spaces.length)
    const checkpoints = new Float64Array(spaces.length)
    const made = (node: number, space: number) => `${nodes[node]} made a checkpoint of ${spaces[space]}`
    return {
      step({ kind, space, node, epoch, seq, repeated }) {
        if (kind === 'granted') {
          epochs[space] = Math.max(epoch, epochs[space] as number)
          return undefined
        }
        if (kind === 'appended') {
          heads[space] = Math.max(seq + 1, heads[space] as number)
          return undefined
        }
        if (repeated) return undefined
        if (epoch !== epochs[space])
          return `${made(node, space)} under epoch ${epoch}; the current epoch was ${epochs[space]}`
        if (seq > (heads[space] as number)) return `${made(node, space)} at seq ${seq}; its log was at ${heads[space]}`
        if (seq < (checkpoints[space] as number))
          return `${made(node, space)} at seq ${seq}, after one at ${checkpoints[space]}`
        checkpoints[space] = seq
        return undefined
      },
    }
  },
}
