import type { CommandKind } from '../protocol/index.js'
import type { Probe } from './probe.js'

/** One sentence of the contract, and how to see whether it holds. */
export interface ContractCheck {
  readonly name: string
  /** Without these commands there is nothing to check. */
  readonly needs: readonly CommandKind[]
  /** Returns why there was nothing to see, where that shows only on the way. */
  check(probe: Probe): Promise<string | undefined>
}
