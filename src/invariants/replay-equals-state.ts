import { digestContent } from '../trace/index.js'
import type { Invariant } from './invariant.js'

/** What a log amounts to, event by event: how the writers of a space define its state. */
export interface StateFold {
  readonly initial: number
  /** The state after an event whose content (see `TraceEvent.content`) is `content`. */
  next(state: number, content: number): number
}

/**
 * A checkpoint plus replay gives the state of a log that was never interrupted. The check folds every accepted append
 * itself, and compares with that what each checkpoint holds and what each successor serves. sourced #13 (replay applies the
 * snapshot's own event again).
 */
export function replayEqualsState({ initial, next }: StateFold): Invariant {
  return {
    name: 'replay-equals-state',
    rule: 'every checkpoint, and every successor that serves, has the state of a log that was never interrupted',
    kinds: ['appended', 'checkpointed', 'served'],
    begin({ nodes, spaces }) {
      /** By space: the state at each seq from the last checkpoint on. Nobody serves from before that. */
      const histories = spaces.map(() => ({ firstSeq: 0, states: [initial] }))
      return {
        step({ kind, space, node, seq, content, repeated }) {
          const history = histories[space]
          if (history === undefined || (repeated && kind !== 'served')) return undefined
          const { states, firstSeq } = history
          // That a checkpoint does not go back is another rule.
          if (kind === 'checkpointed' && seq < firstSeq) return undefined
          if (kind === 'appended') {
            states.push(next(states.at(-1) as number, content))
            return undefined
          }
          const expected = states[seq - firstSeq]
          const what = kind === 'served' ? 'served' : 'made a checkpoint of'
          if (expected === undefined) {
            return `${nodes[node]} ${what} ${spaces[space]} at seq ${seq}; its log was at ${firstSeq + states.length - 1}`
          }
          if (kind === 'checkpointed') {
            states.splice(0, seq - firstSeq)
            history.firstSeq = seq
          }
          if (kind === 'checkpointed' && content === 0) return undefined
          if (content === (kind === 'served' ? expected : digestContent('checkpoint', expected))) return undefined
          return `${nodes[node]} ${what} ${spaces[space]} at seq ${seq} with another state than an uninterrupted log has`
        },
      }
    },
  }
}
