import type { CommandKind } from '../log/index.js'
import { assemble, type Subject, SubjectFault } from '../subject/index.js'
import type { ContractCheck } from './check.js'
import { jobs } from './jobs.js'
import { leases } from './leases.js'
import { logs } from './logs.js'
import { ContractBroken, Probe } from './probe.js'

/** By part of a subject, what it has to keep. */
const contract = { core: leases, log: logs, jobs } as const satisfies Readonly<Record<Part, readonly ContractCheck[]>>

type Part = 'core' | 'log' | 'jobs'

const builtIn: Readonly<Record<Part, string>> = {
  core: 'its core is the built-in one',
  log: 'its log is the built-in one',
  jobs: 'its jobs are the built-in ones',
}

/** Whether one sentence of the contract holds. */
export type ContractResult = { readonly name: string } & (
  | { readonly verdict: 'held' }
  | { readonly verdict: 'broken'; readonly message: string }
  /** There is nothing of the subject's own to check. */
  | { readonly verdict: 'skipped'; readonly why: string }
)

/** Checks `subject` against the contract, each sentence on a store of its own. Throws SubjectFault when it cannot even be put together. */
export async function conformanceOf(subject: Subject): Promise<readonly ContractResult[]> {
  const { commands } = assemble(subject, 1)
  const results: ContractResult[] = []
  for (const part of ['core', 'log', 'jobs'] as const) {
    for (const check of contract[part]) {
      results.push({ name: check.name, ...(await resultOf(subject, part, check, commands)) })
    }
  }
  return results
}

type Result = ContractResult extends infer R ? (R extends { name: string } ? Omit<R, 'name'> : never) : never

async function resultOf(
  subject: Subject,
  part: Part,
  { needs, check }: ContractCheck,
  commands: ReadonlySet<CommandKind>,
): Promise<Result> {
  const missing = needs.filter((kind) => !commands.has(kind))
  if (missing.length > 0) return { verdict: 'skipped', why: `no ${missing.join(', ')}` }
  const assembled = assemble(subject, 1)
  if (!assembled.own.has(part)) return { verdict: 'skipped', why: builtIn[part] }
  try {
    const why = await check(new Probe(assembled))
    return why === undefined ? { verdict: 'held' } : { verdict: 'skipped', why }
  } catch (error) {
    if (!(error instanceof ContractBroken) && !(error instanceof SubjectFault)) throw error
    return { verdict: 'broken', message: error.message }
  }
}
