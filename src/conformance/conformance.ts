import type { CommandKind } from '../log/index.js'
import { assemble, type Subject, SubjectFault } from '../subject/index.js'
import type { ContractCheck } from './check.js'
import { jobs } from './jobs.js'
import { leases } from './leases.js'
import { logs } from './logs.js'
import { ContractBroken, Probe } from './probe.js'

const contract: readonly ContractCheck[] = [...leases, ...logs, ...jobs]

/** Whether one sentence of the contract holds. */
export type ContractResult = { readonly name: string } & (
  | { readonly verdict: 'held' }
  | { readonly verdict: 'broken'; readonly message: string }
  /** The subject lacks commands without which there is nothing to check. */
  | { readonly verdict: 'skipped'; readonly missing: readonly CommandKind[] }
)

/** Checks `subject` against the contract, each sentence on a store of its own. Throws SubjectFault when it cannot even be put together. */
export async function conformanceOf(subject: Subject): Promise<readonly ContractResult[]> {
  const { commands } = assemble(subject, 1)
  const results: ContractResult[] = []
  for (const { name, needs, check } of contract) {
    const missing = needs.filter((kind) => !commands.has(kind))
    if (missing.length > 0) {
      results.push({ name, verdict: 'skipped', missing })
      continue
    }
    try {
      await check(new Probe(assemble(subject, 1)))
      results.push({ name, verdict: 'held' })
    } catch (error) {
      if (!(error instanceof ContractBroken) && !(error instanceof SubjectFault)) throw error
      results.push({ name, verdict: 'broken', message: error.message })
    }
  }
  return results
}
