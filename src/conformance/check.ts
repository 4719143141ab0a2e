import type { CommandKind } from '../log/index.js'
import type { Probe } from './probe.js'

/** One sentence of the contract, and how to see whether it holds. */
export interface ContractCheck {
  readonly name: string
  /** Without these commands there is nothing to check. */
  readonly needs: readonly CommandKind[]
  check(probe: Probe): Promise<void>
}
