import { digestText } from '../trace/index.js'
import type { Invariant } from './invariant.js'

/** A core without tokens has none to be made up. */
const NO_TOKEN = digestText('')

/**
 * The token is the secret of one ownership: naming the right owner and epoch is not enough. A fence is a capability, as in
 * Dennis and Van Horn, "Programming semantics for multiprogrammed computations" (1966): it cannot be made up.
 */
export const genuineTokens: Invariant = {
  name: 'genuine-tokens',
  rule: 'nothing is accepted with a token other than the one granted for its epoch',
  kinds: ['granted', 'renewed', 'released', 'valid', 'appended', 'checkpointed', 'truncated'],
  begin({ nodes, spaces }) {
    const epochs = new Float64Array(spaces.length)
    const tokens = new Int32Array(spaces.length)
    return {
      step({ kind, command, space, node, epoch, token }) {
        if (kind === 'granted') {
          if (epoch <= (epochs[space] as number)) return undefined
          epochs[space] = epoch
          tokens[space] = token
          return undefined
        }
        if (epoch !== epochs[space] || token === tokens[space] || tokens[space] === NO_TOKEN) return undefined
        return `${spaces[space]} accepted ${command} of ${nodes[node]} at epoch ${epoch} with a token that was never granted`
      },
    }
  },
}
